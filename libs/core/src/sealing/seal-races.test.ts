import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isIssuerError } from '../errors.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import { createMemoryRegistryStorage, createMemorySandboxRegistry } from '../testing/memory-registry.ts'
import { unixSeconds } from '../time.ts'
import { sealSandboxRegistry } from './seal-registries.ts'
import { keyA } from './sealing.testing.ts'

const NOW = unixSeconds(1_767_225_600)
const operations = ['register', 'change', 'end', 'find', 'findBySecret', 'list', 'reseal'] as const
type Operation = (typeof operations)[number]

/** Two issuers on one storage whose answers take a while, so that everything overlaps with everything. */
function createIssuers() {
  const storage = { ...createMemoryRegistryStorage(), registryId: 'r1' }
  const store = createMemorySandboxRegistry({ storage, registryId: () => 'r1' })
  const options = {
    sealing: { keys: [keyA], mode: 'adopt' },
    clusterId: 'prod',
    registryId: () => 'r1',
  } as const
  return [sealSandboxRegistry(store, options), sealSandboxRegistry(store, options)] as const
}

type Registry = ReturnType<typeof createIssuers>[number]

async function run(registry: Registry, operation: Operation, id: string): Promise<unknown> {
  const sha256 = id.padStart(64, '0')
  switch (operation) {
    case 'register':
      return registry.register(
        { sandbox_id: id, app: '', secrets: [{ sha256 }], created_at: NOW, revision: 1 },
        NOW,
      )
    case 'change': {
      const record: SandboxRecord | undefined = await registry.findById(id, NOW)
      return record && registry.replace({ ...record, revision: record.revision + 1 }, NOW)
    }
    case 'end':
      return registry.end(id, NOW)
    case 'find':
      return registry.findById(id, NOW)
    case 'findBySecret':
      return registry.findBySecretHash(sha256, NOW)
    case 'list':
      return registry.list({ limit: 10 }, NOW)
    case 'reseal':
      return registry.resealPage({ limit: 10 }, NOW, (error) => {
        throw error
      })
  }
}

describe('sealSandboxRegistry', () => {
  it('takes nothing that two issuers do at the same time for an attack', async () => {
    const task = fc.record({
      issuer: fc.nat(1),
      operation: fc.constantFrom(...operations),
      id: fc.constantFrom('a', 'b'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(task, { maxLength: 6 }), { maxLength: 12 }), async (groups) => {
        const issuers = createIssuers()
        const lanes = groups.map(async (tasks) => {
          for (const { issuer, operation, id } of tasks) {
            try {
              await run(issuers[issuer === 0 ? 0 : 1], operation, id)
            } catch (error) {
              // Whoever is late is told so; nobody is told that a seal does not hold.
              if (
                !isIssuerError(error, 'ERR_SANDBOX_EXISTS', 'ERR_SANDBOX_NOT_FOUND', 'ERR_REVISION_CONFLICT')
              )
                throw error
            }
          }
        })
        await Promise.all(lanes)
        for (const registry of issuers) await expect(registry.list({ limit: 10 }, NOW)).resolves.toBeDefined()
      }),
      { seed: 5, numRuns: 500 },
    )
  })
})
