import { describe, expect, it } from 'vitest'
import { memoryRegistryHarness } from './broken-registry.testing.ts'
import { failingCases } from './failing-cases.testing.ts'
import { registryCases, registryContract } from './registry-contract.ts'
import { batchFaults } from './registry-batch-faults.testing.ts'
import { changeFaults } from './registry-change-faults.testing.ts'
import { expiryFaults } from './registry-expiry-faults.testing.ts'
import { listFaults } from './registry-list-faults.testing.ts'
import { lossFaults } from './registry-loss-faults.testing.ts'
import { outdatedSecretFaults } from './registry-outdated-secret-faults.testing.ts'
import { recordFaults } from './registry-record-faults.testing.ts'
import { secretFaults } from './registry-secret-faults.testing.ts'

const brokenRegistries = [
  ...lossFaults,
  ...recordFaults,
  ...changeFaults,
  ...batchFaults,
  ...secretFaults,
  ...outdatedSecretFaults,
  ...expiryFaults,
  ...listFaults,
]

registryContract('the memory registry', () => memoryRegistryHarness())

describe('registryCases', () => {
  it('finds nothing wrong with the memory registry', async () => {
    expect(await failingCases(registryCases, () => memoryRegistryHarness())).toStrictEqual([])
  })

  it.each(brokenRegistries)(
    'finds the fault "$fault" by exactly the cases meant for it',
    async ({ plant, found }) => {
      expect(await failingCases(registryCases, () => memoryRegistryHarness(plant))).toStrictEqual(found)
    },
  )

  it('has for every case a planted fault that it finds', () => {
    const finding = new Set(brokenRegistries.flatMap(({ found }) => found))
    expect(registryCases.map(({ name }) => name).filter((name) => !finding.has(name))).toStrictEqual([])
  })

  it('has no two cases of the same name', () => {
    expect(new Set(registryCases.map(({ name }) => name)).size).toBe(registryCases.length)
  })
})
