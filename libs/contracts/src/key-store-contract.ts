import type { KeyStore } from '@workload-identity/core'
import { describeContract, type ContractCase, type DisposableHarness } from './contract-case.ts'
import { keyStoreConcurrencyCases } from './key-store-concurrency-cases.ts'
import { keyStoreDocumentCases } from './key-store-document-cases.ts'

/** What a key store's tests give the contract: one empty storage and ways to reach it. */
export interface KeyStoreHarness extends DisposableHarness {
  /** Another handle on the same storage, as a second process or a restart would open it. */
  open(): Promise<KeyStore>
  /** From now on the storage cannot be reached or read, also through the handles opened before. */
  makeUnavailable(): Promise<void>
}

/** Every sentence of the `KeyStore` port as a named case. */
export const keyStoreCases: readonly ContractCase<KeyStoreHarness>[] = [
  ...keyStoreDocumentCases,
  ...keyStoreConcurrencyCases,
]

/**
 * Registers the contract of the `KeyStore` port as Vitest tests for the store called `name`. Every store passes all of
 * it; there is nothing to turn off.
 */
export function keyStoreContract(name: string, createHarness: () => Promise<KeyStoreHarness>): void {
  describeContract(`${name} as a KeyStore`, keyStoreCases, createHarness)
}
