export { createRunnerProxy } from './create-runner-proxy.ts'
export type { RunnerProxy, RunnerProxyOptions, RunnerState, UpstreamState } from './runner-proxy.ts'
export type { AnswerSource, RunnerEvent, UpstreamOperation } from './events.ts'
export type { StartTimer } from './start-timer.ts'

// Token files
export { createTokenFileKeeper } from './token-files/token-file-keeper.ts'
export type {
  TokenFileEvent,
  TokenFileKeeper,
  TokenFileKeeperOptions,
  TokenFileSource,
  TokenFileState,
} from './token-files/keeper-options.ts'
export type { PlanCounts } from './token-files/refresh-plan.ts'
export type { FoundFile, TokenFolder } from './token-files/token-folder.ts'
export type { TokenFileOwner } from './token-files/owned-directory.ts'
export { findOwnerId } from './token-files/find-owner.ts'
export { pickHookEnvironment, type RefreshHookOptions } from './token-files/refresh-hook.ts'

// System workloads
export {
  createSystemTokenSource,
  type SystemTokenEvent,
  type SystemTokenSource,
  type SystemTokenSourceOptions,
} from './system-token-source.ts'
