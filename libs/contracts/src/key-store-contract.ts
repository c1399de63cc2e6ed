import { describeContract, type ContractCase } from './contract-case.ts'
import { keyStoreConcurrencyCases } from './key-store-concurrency-cases.ts'
import { keyStoreDocumentCases } from './key-store-document-cases.ts'
import type { KeyStoreHarness } from './key-store-harness.ts'

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
