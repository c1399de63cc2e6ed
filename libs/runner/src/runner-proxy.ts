import type { AssignmentList } from '@workload-identity/api'
import type {
  Clock,
  IssuedToken,
  SandboxTokens,
  Seconds,
  TokenOptions,
  UnixSeconds,
} from '@workload-identity/core'
import type { RunnerClient } from '@workload-identity/issuer-client'
import type { HealthReport } from '@workload-identity/transport-http'
import type { RunnerEvent } from './events.ts'
import type { StartTimer } from './start-timer.ts'

/** What a runner proxy needs, and how it goes about its work. */
export interface RunnerProxyOptions {
  /** The issuer, with the credentials of this runner. Whoever made it closes it. */
  readonly client: RunnerClient
  readonly clock: Clock
  /** Milliseconds since any moment, which no change of the clock moves. `performance.now` unless given. */
  readonly monotonicMs?: () => number
  /** A number from 0 up to but not including 1. `Math.random` unless given. */
  readonly random?: () => number
  /** The timers of Node unless given. */
  readonly startTimer?: StartTimer
  /** For how long assignments count after the issuer confirmed them, at least 10 s. The services take 1800 s. */
  readonly maxAssignmentAge: Seconds
  /** The ID of this runner: assignments of another one are refused. The first list's unless given. */
  readonly runnerId?: string
  /** Between two questions for the assignments, ± 20 %; 3000 unless given, so that an end is known within 5 s. */
  readonly pollEveryMs?: number
  /** The least between two of them when somebody shows an unknown secret; 2000 unless given. */
  readonly refreshAtMostEveryMs?: number
  /** Between two questions whether the issuer changed; 30000 unless given. */
  readonly issuerFactsEveryMs?: number
  /** The most tokens that are kept; 50000 unless given. They take about 2 KiB each at most. */
  readonly cachedTokens?: number
  /** Told of what happens. It must not throw. */
  readonly onEvent?: (event: RunnerEvent) => void
}

/** How many requests went to the issuer, and wait. */
export interface UpstreamState {
  /** Batches that were sent. */
  readonly calls: number
  /** Those of them that failed as a whole. */
  readonly failedCalls: number
  /** Tokens and identities that were asked for in them. */
  readonly entries: number
  /** Batches that are under way. */
  readonly inFlight: number
  /** Requests that wait for a batch. */
  readonly queued: number
}

/** How a runner proxy is doing. */
export interface RunnerState {
  /** The moment for which the issuer last confirmed the assignments; absent = it never did. */
  readonly confirmedAt?: UnixSeconds
  /** How long ago that is, whatever the clock did since. */
  readonly confirmedAge?: Seconds
  /** The runner that the issuer takes this one for. */
  readonly runnerId?: string
  /** The registry the assignments are from. */
  readonly registryId?: string
  /** How many sandboxes are assigned. */
  readonly sandboxes: number
  readonly cachedTokens: number
  readonly upstream: UpstreamState
}

/** A runner proxy without its listeners: put `sandboxTokens` behind a token server. */
export interface RunnerProxy {
  /** What sandboxes ask for; the same contract as the issuer's. */
  readonly sandboxTokens: SandboxTokens
  /** Begins to ask for assignments. Until the first answer sandboxes wait for it, or are told to come again. */
  start(): void
  /** Ends that, and resolves when nothing is under way. Sandboxes get `ERR_ISSUER_UNAVAILABLE` from then on. */
  stop(): Promise<void>
  state(): RunnerState
  /** A problem when the assignments do not count, a warning when they could not be confirmed lately. */
  readiness(): HealthReport
  /**
   * Calls `listener` with every list that the issuer gave and that differs from the one before, and at once with the one
   * that is known. Gives what ends that.
   */
  onAssignments(listener: (list: AssignmentList) => void): () => void
  /**
   * A new token for a sandbox, whoever asks: for token files. It is asked for together with others and not kept.
   *
   * @throws {IssuerError} `ERR_AUDIENCE_INVALID`, `ERR_TTL_INVALID` for what was asked; `ERR_ISSUER_UNAVAILABLE`.
   * @throws {HttpRefusal} what the issuer said.
   */
  mint(sandboxId: string, options?: TokenOptions): Promise<IssuedToken>
}
