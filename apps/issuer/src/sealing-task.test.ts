import {
  encodeKeyRing,
  generateKeyMaterial,
  createKeyRing,
  IssuerError,
  parseKeyEncryptionKey,
} from '@workload-identity/core'
import {
  createFixedClock,
  createMemoryEndedAssignments,
  createMemoryKeyStore,
  createMemoryRegistryIdentity,
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
  type MemoryRingStorage,
} from '@workload-identity/core/testing'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sealStores } from './composition/sealed-stores.ts'
import { createSealingTask } from './sealing-task.ts'

const clock = createFixedClock()
const REGISTRY_ID = '6e0ffb5c-4c43-4f3a-9d7c-0a4a4f0a1b2c'

async function createScene(
  mode: 'strict' | 'adopt',
  eraseReplaced = async (): Promise<readonly string[]> => [],
) {
  const key = await generateKeyMaterial('ES256')
  const ids = { ringId: crypto.randomUUID(), writeId: crypto.randomUUID(), registryId: REGISTRY_ID }
  const ring = createKeyRing(
    { ...ids, clusterId: 'prod', issuerUrl: 'https://issuer.example', key },
    clock.now(),
  )
  const storage: MemoryRingStorage = {
    ring: { generation: 1, write_id: ring.write_id, document: encodeKeyRing(ring) },
  }
  const records = { ...createMemoryRegistryStorage(), registryId: REGISTRY_ID }
  const lines: Record<string, unknown>[] = []
  const logger = pino(
    { level: 'debug' },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  )
  const kek = await parseKeyEncryptionKey('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f')
  const stores = sealStores(
    {
      keyStore: { ...createMemoryKeyStore(storage), eraseReplaced },
      registryIdentity: createMemoryRegistryIdentity(records),
      createSandboxRegistry: (registryId) => createMemorySandboxRegistry({ storage: records, registryId }),
      createRunnerRegistry: (registryId) => createMemoryRunnerRegistry({ storage: records, registryId }),
      endedAssignments: createMemoryEndedAssignments(),
      isShared: false,
      close: () => undefined,
    },
    { sealing: { keys: [kek], mode }, clusterId: 'prod', logger },
  )
  const task = createSealingTask({ stores, clock: clock.now, logger, everyMs: 5 })
  onTestFinished(() => task.stop())
  const sandbox = (sandbox_id: string) => ({
    sandbox_id,
    app: '',
    secrets: [],
    created_at: clock.now(),
    revision: 1,
  })
  return { task, storage, records, lines, sandbox }
}

describe('createSealingTask', () => {
  it('seals ring and records at its start, has what the ring was erased, and tells when it is done', async () => {
    let erased = 0
    const { task, storage, records, lines, sandbox } = await createScene('adopt', async () => {
      erased += 1
      return erased === 1 ? ['a copy is left'] : []
    })
    for (let index = 0; index < 250; index += 1) records.sandboxes.set(`s${index}`, sandbox(`s${index}`))
    expect(task.recordsLeft()).toBeUndefined()
    task.start()
    await expect.poll(() => task.recordsLeft()).toBe(0)
    expect(storage.ring?.document).not.toContain('{')
    expect([...records.sandboxes.values()].every((record) => 'seal' in record)).toBe(true)
    expect(lines).toContainEqual(expect.objectContaining({ resealed: 250, left: 0 }))
    await expect.poll(() => erased).toBe(2)
    expect(lines).toContainEqual(expect.objectContaining({ left: ['a copy is left'] }))
  })

  it('has what the ring was erased, too, when a process before it sealed the ring and got no further', async () => {
    const erased: number[] = []
    const { task, storage } = await createScene('adopt', async () => {
      erased.push(storage.ring?.generation ?? 0)
      throw new IssuerError('ERR_STORE_UNAVAILABLE', 'gone')
    })
    task.start()
    await expect.poll(() => erased.length).toBeGreaterThan(0)
    await task.stop()
    const sealed = storage.ring
    const later = await createScene('adopt', async () => {
      erased.push(0)
      return []
    })
    if (sealed !== undefined) later.storage.ring = sealed
    erased.length = 0
    later.task.start()
    await expect.poll(() => later.task.recordsLeft()).toBe(0)
    expect([erased, later.storage.ring]).toStrictEqual([[0], sealed])
  })

  it('goes on when the store fails, and says so', async () => {
    let failures = 0
    const { task, records, lines, sandbox } = await createScene('adopt', async () => {
      failures += 1
      if (failures === 1) throw new IssuerError('ERR_STORE_UNAVAILABLE', 'gone')
      return []
    })
    records.sandboxes.set('a', sandbox('a'))
    task.start()
    await expect.poll(() => task.recordsLeft()).toBe(0)
    expect(lines).toContainEqual(expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE' }))
  })

  it('counts the records that it must not seal', async () => {
    const { task, records, lines, sandbox } = await createScene('adopt')
    const seal = { kid: 'unknown', registration: 'x', mac: 'x' }
    records.sandboxes.set('forged', { ...sandbox('forged'), ...{ seal } })
    task.start()
    await expect.poll(() => task.recordsLeft()).toBe(1)
    expect(lines).toContainEqual(expect.objectContaining({ level: 50, id: 'forged' }))
  })

  it('does nothing when there is one key and only what is sealed is accepted', async () => {
    const { task, storage } = await createScene('strict')
    const before = storage.ring
    task.start()
    await task.stop()
    expect(storage.ring).toBe(before)
    expect(task.recordsLeft()).toBeUndefined()
  })
})
