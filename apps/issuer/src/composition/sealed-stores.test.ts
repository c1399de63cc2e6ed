import {
  parseKeyEncryptionKey,
  unixSeconds,
  type KeyEncryptionKey,
  type SandboxRecord,
} from '@workload-identity/core'
import {
  createMemoryEndedAssignments,
  createMemoryKeyStore,
  createMemoryRegistryIdentity,
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
} from '@workload-identity/core/testing'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { sealStores } from './sealed-stores.ts'

const NOW = unixSeconds(1_767_225_600)
const REGISTRY_ID = '6e0ffb5c-4c43-4f3a-9d7c-0a4a4f0a1b2c'
const registryId = () => REGISTRY_ID
const [oldKey, newKey] = await Promise.all([
  parseKeyEncryptionKey('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'),
  parseKeyEncryptionKey('0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20'),
])

function createScene() {
  const storage = { ...createMemoryRegistryStorage(), registryId: REGISTRY_ID }
  const openWith = (...keys: KeyEncryptionKey[]) =>
    sealStores(
      {
        keyStore: createMemoryKeyStore({}),
        registryIdentity: createMemoryRegistryIdentity(storage),
        createSandboxRegistry: (id) => createMemorySandboxRegistry({ storage, registryId: id }),
        createRunnerRegistry: (id) => createMemoryRunnerRegistry({ storage, registryId: id }),
        endedAssignments: createMemoryEndedAssignments(),
        isShared: false,
        close: () => undefined,
      },
      { sealing: { keys, mode: 'strict' }, clusterId: 'prod', logger: pino({ level: 'silent' }) },
    )
  return { storage, openWith }
}

const sandbox = (secret: string, revision: number): SandboxRecord => ({
  ...{ sandbox_id: 'a', app: 'web', secrets: [{ sha256: secret.repeat(64) }], created_at: NOW, revision },
})

describe('sealStores', () => {
  it.each(['replaced', 'ended'])(
    'seals no %s record anew that somebody puts back while the key changes',
    async (fate) => {
      const { storage, openWith } = createScene()
      await openWith(oldKey).createSandboxRegistry(registryId).register(sandbox('1', 1), NOW)
      const old = storage.sandboxes.get('a')
      const changing = openWith(newKey, oldKey)
      const serving = changing.createSandboxRegistry(registryId)
      if (fate === 'ended') await serving.end('a', NOW)
      else await serving.replace(sandbox('2', 2), NOW)
      if (old !== undefined) storage.sandboxes.set('a', old)

      const failures: unknown[] = []
      for (const resealer of changing.createResealers(registryId)) {
        await resealer.resealPage({ limit: 10 }, NOW, (error) => failures.push(error))
      }
      expect(failures).toMatchObject([{ code: 'ERR_SEAL_BROKEN', details: { id: 'a' } }])
      await expect(serving.findBySecretHash('1'.repeat(64), NOW)).rejects.toMatchObject({
        code: 'ERR_SEAL_BROKEN',
      })
    },
  )
})
