export { killAtDatabaseStep, watchSteps } from './kill-at-step.ts'
