export { createRunnerProxy } from './create-runner-proxy.ts'
export type { RunnerProxy, RunnerProxyOptions, RunnerState, UpstreamState } from './runner-proxy.ts'
export type { AnswerSource, RunnerEvent, UpstreamOperation } from './events.ts'
export type { StartTimer } from './start-timer.ts'
