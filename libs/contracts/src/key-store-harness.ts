import type { KeyStore } from '@workload-identity/core'
import type { DisposableHarness } from './contract-case.ts'

/** What a key store's tests give the contract: one empty storage and ways to reach it. */
export interface KeyStoreHarness extends DisposableHarness {
  /** Another handle on the same storage, as a second process or a restart would open it. */
  open(): Promise<KeyStore>
  /** Everything the storage keeps on disk, or instead of one, in any order: to see what is not there any more. */
  readRaw(): Promise<Buffer>
  /** From now on the storage cannot be reached or read, also through the handles opened before. */
  makeUnavailable(): Promise<void>
}
