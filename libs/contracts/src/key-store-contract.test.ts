import { describe, expect, it } from 'vitest'
import { memoryKeyStoreHarness } from './broken-key-store.testing.ts'
import { failingCases } from './failing-cases.testing.ts'
import { keyStoreCases, keyStoreContract } from './key-store-contract.ts'
import { documentFaults } from './key-store-document-faults.testing.ts'
import { saveFaults } from './key-store-save-faults.testing.ts'

const brokenKeyStores = [...documentFaults, ...saveFaults]

keyStoreContract('createMemoryKeyStore', () => memoryKeyStoreHarness())

describe('keyStoreCases', () => {
  it('finds nothing wrong with the memory store', async () => {
    expect(await failingCases(keyStoreCases, () => memoryKeyStoreHarness())).toStrictEqual([])
  })

  it.each(brokenKeyStores)(
    'finds the fault "$fault" by exactly the cases meant for it',
    async ({ plant, found }) => {
      expect(await failingCases(keyStoreCases, () => memoryKeyStoreHarness(plant))).toStrictEqual(found)
    },
  )

  it('has for every case a planted fault that it finds', () => {
    const finding = new Set(brokenKeyStores.flatMap(({ found }) => found))
    expect(keyStoreCases.map(({ name }) => name).filter((name) => !finding.has(name))).toStrictEqual([])
  })

  it('has no two cases of the same name', () => {
    expect(new Set(keyStoreCases.map(({ name }) => name)).size).toBe(keyStoreCases.length)
  })
})
