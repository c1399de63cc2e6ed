export type { IssuerFacts, RunnerClient } from './runner-client.ts'
