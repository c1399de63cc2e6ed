import type { AssignmentList } from '@workload-identity/api'
import type { Clock, IssuedToken, TokenOptions } from '@workload-identity/core'
import type { StartTimer } from '../start-timer.ts'
import type { TokenFileOwner } from './owned-directory.ts'
import type { RefreshHookOptions } from './refresh-hook.ts'
import type { PlanCounts } from './refresh-plan.ts'
import type { TokenFolder } from './token-folder.ts'

/** Where sandboxes and tokens come from: a runner proxy. */
export interface TokenFileSource {
  /** Calls `listener` with every list of assignments that the issuer confirmed and that differs from the one before. */
  onAssignments(listener: (list: AssignmentList) => void): () => void
  /** A new token for a sandbox. Those that are asked for at the same time go to the issuer together. */
  mint(sandboxId: string, options?: TokenOptions): Promise<IssuedToken>
}

/** What a keeper of token files needs, and how it goes about its work. */
export interface TokenFileKeeperOptions {
  /** Of the folder that holds one folder for each sandbox; created (0711) when it is missing. */
  readonly directory: string
  readonly proxy: TokenFileSource
  readonly clock: Clock
  /** To whom folders and files are given; whoever runs the proxy unless given. See `findOwnerId` for names. */
  readonly owner?: TokenFileOwner
  /** Changes files in place, for mounts of single files; a reader may then see parts of two tokens. */
  readonly writeInPlace?: boolean
  /** A program that is told of every new token. */
  readonly onRefresh?: RefreshHookOptions
  /**
   * Asks for the URL of the issuer, so that files with tokens of another one are refreshed at the start. Called until it is
   * answered, when there are files of an earlier run; without it, or while it fails, all of them are taken over.
   */
  readonly readIssuerUrl?: () => Promise<string>
  /** How many files at most are refreshed in one go; 100 unless given, which is what the issuer takes at once. */
  readonly batchSize?: number
  /** How many goes there are in a second at most; 4 unless given. */
  readonly batchesPerSecond?: number
  /** Told of what happens. It must not throw. */
  readonly onEvent?: (event: TokenFileEvent) => void
  /** Milliseconds since any moment, which no change of the clock moves. `performance.now` unless given. */
  readonly monotonicMs?: () => number
  /** A number from 0 up to but not including 1. `Math.random` unless given. */
  readonly random?: () => number
  /** The timers of Node unless given. */
  readonly startTimer?: StartTimer
  /** The files themselves; those in `directory` unless given. */
  readonly folder?: TokenFolder
}

/** What a keeper of token files tells of itself, for logs and metrics. The union is closed; nothing in it is secret. */
export type TokenFileEvent =
  /** A file holds a new token. */
  | { readonly type: 'refreshed'; readonly sandbox_id: string; readonly name: string; readonly path: string }
  /** It does not, for the `failures`th time in a row; it goes on holding what it did. */
  | {
      readonly type: 'refresh-failed'
      readonly sandbox_id: string
      readonly name: string
      readonly error: unknown
      readonly failures: number
      readonly retry_in_ms: number
    }
  /** A file, or with no name everything of a sandbox, was removed because the issuer said so. */
  | { readonly type: 'removed'; readonly sandbox_id: string; readonly name?: string }
  /** It could not be removed; that is tried again. */
  | {
      readonly type: 'removal-failed'
      readonly sandbox_id: string
      readonly name?: string
      readonly error: unknown
    }
  /** What an earlier run left for a sandbox cannot be looked at. */
  | { readonly type: 'look-failed'; readonly sandbox_id: string; readonly error: unknown }
  /** Another registry than the one a sandbox was in says that it ended: its files stay. */
  | { readonly type: 'end-doubted'; readonly sandbox_id: string }
  /** A file has a name that can be none. */
  | { readonly type: 'name-refused'; readonly sandbox_id: string; readonly name: string }
  /** The program did not end with 0. */
  | {
      readonly type: 'hook-failed'
      readonly sandbox_id: string
      readonly path: string
      readonly reason: string
    }

/** How the files are doing. */
export interface TokenFileState extends PlanCounts {
  readonly sandboxes: number
  /** Since the start. */
  readonly refreshed: number
  /** Since the start. */
  readonly failures: number
  /** What is to be removed and could not be yet. */
  readonly removals: number
}

/** Keeps token files. */
export interface TokenFileKeeper {
  /**
   * Begins. Files of an earlier run are taken over as they are needed.
   *
   * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when the directory cannot be used, or not be given to its owner.
   */
  start(): Promise<void>
  /** Ends, and resolves when nothing is being written and no program runs. Files stay as they are. */
  stop(): Promise<void>
  state(): TokenFileState
}
