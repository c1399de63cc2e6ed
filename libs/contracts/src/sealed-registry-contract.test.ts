import { describe, expect, it } from 'vitest'
import { memoryRegistry, memoryRegistryHarness } from './broken-registry.testing.ts'
import { failingCases } from './failing-cases.testing.ts'
import { registryContract } from './registry-contract.ts'
import { sealedRegistryCases, sealedRegistryContract, sealHandles } from './sealed-registry-contract.ts'

sealedRegistryContract('the memory registry', () => memoryRegistryHarness())

registryContract('the sealed memory registry', () =>
  memoryRegistryHarness((storage, registryId) =>
    sealHandles(memoryRegistry(storage, registryId), registryId),
  ),
)

describe('sealedRegistryCases', () => {
  it('finds a registry that drops the seals of its records', async () => {
    const failing = await failingCases(sealedRegistryCases, () =>
      memoryRegistryHarness((storage, registryId) => {
        const { sandboxes, ...rest } = memoryRegistry(storage, registryId)
        return {
          ...rest,
          sandboxes: {
            ...sandboxes,
            register: async (record, now) => {
              const { sandbox_id, app, secrets, created_at, revision } = record
              await sandboxes.register({ sandbox_id, app, secrets, created_at, revision }, now)
            },
          },
        }
      }),
    )
    expect(failing).toContain(
      'gives back what was stored, by ID, by secret and in lists, and nothing of the seal',
    )
  })
})
