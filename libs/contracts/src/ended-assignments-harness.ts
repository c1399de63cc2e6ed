import type { EndedAssignments } from '@workload-identity/core'
import type { DisposableHarness } from './contract-case.ts'

/** What a store's tests give the contract of `EndedAssignments`: one empty storage and ways to reach it. */
export interface EndedAssignmentsHarness extends DisposableHarness {
  /** The notes on the storage. Called once, first. */
  open(): Promise<EndedAssignments>
  /** Another handle on the same storage, as a second process or a restart would open it; the first stays open. */
  reopen(): Promise<EndedAssignments>
  /**
   * From now on the storage cannot be reached or read, also through the handles opened before. Left out, the case about
   * that passes unseen; tests of the store's own have to show it then.
   */
  makeUnavailable?(): Promise<void>
}
