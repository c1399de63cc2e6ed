import { beforeEach, describe, expect, it } from 'vitest'
import type { SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import {
  createMemoryRegistryStorage,
  createMemorySandboxRegistry,
  type MemoryRegistryStorage,
} from '../testing/memory-registry.ts'
import { unixSeconds } from '../time.ts'
import { sealSandboxRegistry } from './seal-registries.ts'
import type { Sealing } from './sealing-mode.ts'
import { keyA, keyB } from './sealing.testing.ts'

const NOW = unixSeconds(1_767_225_600)
const hash = (label: number) => label.toString(16).padStart(64, '0')
const sandbox = (sandbox_id: string, changes: Partial<SandboxRecord> = {}): SandboxRecord => ({
  sandbox_id,
  app: 'shop',
  secrets: [],
  created_at: NOW,
  revision: 1,
  ...changes,
})
const rejected = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  )

let storage: MemoryRegistryStorage
beforeEach(() => {
  storage = { ...createMemoryRegistryStorage(), registryId: 'r1' }
})
const raw = () => createMemorySandboxRegistry({ storage, registryId: () => 'r1' })
const sealedWith = (sealing: Sealing, store: SandboxRegistry = raw()) =>
  sealSandboxRegistry(store, { sealing, clusterId: 'prod', registryId: () => 'r1' })
const issuer = (store?: SandboxRegistry) => sealedWith({ keys: [keyA], mode: 'strict' }, store)

/** A registry whose store holds back the answers of some operations until the test lets them go. */
function createSlow(names: readonly ('findById' | 'findBySecretHash')[]) {
  const held: (() => void)[] = []
  const slowness = { isOn: true }
  const store = raw()
  const slowed = names.map((name) => {
    const operation: SandboxRegistry[typeof name] = async (key, now) => {
      const found = await store[name](key, now)
      if (slowness.isOn) await new Promise<void>((resolve) => held.push(resolve))
      return found
    }
    return [name, operation] as const
  })
  return { registry: issuer({ ...store, ...Object.fromEntries(slowed) }), held, slowness }
}

describe('sealSandboxRegistry', () => {
  it('refuses an older state of a record once it has seen a later one, and takes it before', async () => {
    const registry = issuer()
    await registry.register(sandbox('a'), NOW)
    const old = storage.sandboxes.get('a')
    await registry.replace(sandbox('a', { revision: 2 }), NOW)
    storage.sandboxes.set('a', old as SandboxRecord)
    expect(await rejected(registry.findById('a', NOW))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
    expect(await rejected(registry.list({ limit: 10 }, NOW))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
    expect(await issuer().findById('a', NOW)).toStrictEqual(sandbox('a'))
  })

  it('refuses an ended record that is put back, and takes a new one of the same ID', async () => {
    const registry = issuer()
    await registry.register(sandbox('a', { secrets: [{ sha256: hash(1) }] }), NOW)
    const old = storage.sandboxes.get('a')
    await registry.end('a', NOW)
    storage.sandboxes.set('a', old as SandboxRecord)
    expect(await rejected(registry.findBySecretHash(hash(1), NOW))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
    expect(await registry.end('a', NOW)).toBe(true)
    await registry.register(sandbox('a', { app: 'new' }), NOW)
    expect(await registry.findById('a', NOW)).toMatchObject({ app: 'new' })
  })

  it('refuses the record of an earlier registration once another replica has registered the ID anew', async () => {
    const [registry, other] = [issuer(), issuer()]
    await registry.register(sandbox('a'), NOW)
    const old = storage.sandboxes.get('a')
    await other.end('a', NOW)
    await other.register(sandbox('a', { app: 'new' }), NOW)
    expect(await registry.findById('a', NOW)).toMatchObject({ app: 'new' })
    storage.sandboxes.set('a', old as SandboxRecord)
    expect(await rejected(registry.findById('a', NOW))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
  })

  it('refuses the record of an earlier registration that it never saw, once it has seen the later one', async () => {
    const [registry, other] = [issuer(), issuer()]
    await other.register(sandbox('a', { secrets: [{ sha256: hash(1) }] }), NOW)
    const old = storage.sandboxes.get('a')
    await other.end('a', NOW)
    await other.register(sandbox('a', { app: 'new', created_at: unixSeconds(NOW + 3601) }), NOW)
    expect(await registry.findById('a', NOW)).toMatchObject({ app: 'new' })
    storage.sandboxes.set('a', old as SandboxRecord)
    expect(await rejected(registry.findById('a', NOW))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
  })

  it('takes no answer that was under way during changes for a record that was put back', async () => {
    const { registry, held, slowness } = createSlow(['findBySecretHash', 'findById'])
    await registry.register(sandbox('a', { secrets: [{ sha256: hash(1) }] }), NOW)
    const late = registry.findBySecretHash(hash(1), NOW)
    for (const revision of [2, 3]) {
      // The first look is held back, and so is the second one, which finds a record that changes meanwhile, too.
      await expect.poll(() => held.length).toBe(1)
      slowness.isOn = false
      await registry.replace(
        sandbox('a', { secrets: [{ sha256: hash(1) }], app: `${revision}`, revision }),
        NOW,
      )
      slowness.isOn = true
      held.shift()?.()
    }
    await expect.poll(() => held.length).toBe(1)
    held.shift()?.()
    expect(await late).toMatchObject({ app: '3' })
  })

  it('knows a secret no more that was replaced while it was looked up', async () => {
    const { registry, held } = createSlow(['findBySecretHash'])
    await registry.register(sandbox('a', { secrets: [{ sha256: hash(1) }] }), NOW)
    const late = registry.findBySecretHash(hash(1), NOW)
    await expect.poll(() => held.length).toBe(1)
    await registry.replace(sandbox('a', { secrets: [{ sha256: hash(2) }], revision: 2 }), NOW)
    held.shift()?.()
    expect(await late).toBeUndefined()
  })

  it('refuses a record that is no answer to what was asked, whatever the index says', async () => {
    const store = raw()
    const registry = issuer({
      ...store,
      findBySecretHash: (_sha256, now) => store.findById('a', now),
      findById: (_id, now) => store.findById('a', now),
    })
    await registry.register(sandbox('a', { secrets: [{ sha256: hash(1), valid_until: NOW }] }), NOW)
    await issuer().register(sandbox('b'), NOW)
    for (const work of [registry.findBySecretHash(hash(2), NOW), registry.findBySecretHash(hash(1), NOW)]) {
      expect(await rejected(work)).toMatchObject({ code: 'ERR_SEAL_BROKEN', details: { id: 'a' } })
    }
    expect(await rejected(registry.findById('b', NOW))).toMatchObject({ code: 'ERR_SEAL_BROKEN' })
  })

  it('seals an unsealed registry page by page, without changing what it says', async () => {
    for (const id of ['a', 'b', 'c']) await raw().register(sandbox(id), NOW)
    const adopting = sealedWith({ keys: [keyA], mode: 'adopt' })
    const first = await adopting.resealPage({ limit: 2 }, NOW, () => undefined)
    expect(first).toStrictEqual({ seen: 2, resealed: 2, left: 0, next: 'b' })
    expect(await adopting.resealPage({ limit: 2, after: 'b' }, NOW, () => undefined)).toStrictEqual({
      seen: 1,
      resealed: 1,
      left: 0,
      next: null,
    })
    expect((await issuer().list({ limit: 10 }, NOW)).items).toStrictEqual(
      ['a', 'b', 'c'].map((id) => sandbox(id, { revision: 2 })),
    )
  })

  it('changes the key, after which the old one is not needed any more', async () => {
    await issuer().register(sandbox('a'), NOW)
    const both = sealedWith({ keys: [keyB, keyA], mode: 'strict' })
    expect(await both.resealPage({ limit: 10 }, NOW, () => undefined)).toMatchObject({ resealed: 1, left: 0 })
    expect(await both.resealPage({ limit: 10 }, NOW, () => undefined)).toMatchObject({ resealed: 0, left: 0 })
    const newOnly = sealedWith({ keys: [keyB], mode: 'strict' })
    expect(await newOnly.findById('a', NOW)).toStrictEqual(sandbox('a', { revision: 2 }))
    expect(await rejected(issuer().findById('a', NOW))).toMatchObject({ code: 'ERR_SEAL_KEY_UNKNOWN' })
  })

  it('takes seals off in the mode remove, after which no key is needed any more', async () => {
    await issuer().register(sandbox('a'), NOW)
    const removing = sealedWith({ keys: [keyA], mode: 'remove' })
    expect(await removing.resealPage({ limit: 10 }, NOW, () => undefined)).toMatchObject({
      resealed: 1,
      left: 0,
    })
    expect(await raw().findById('a', NOW)).toStrictEqual(sandbox('a', { revision: 2 }))
  })

  it('leaves a record that changes while it is sealed anew, and loses nothing of the change', async () => {
    await raw().register(sandbox('a'), NOW)
    const store = raw()
    const adopting = sealedWith(
      { keys: [keyA], mode: 'adopt' },
      {
        ...store,
        async replace(record, now) {
          await raw().replace(sandbox('a', { app: 'changed', revision: 2 }), now)
          await store.replace(record, now)
        },
      },
    )
    const failures: unknown[] = []
    const page = await adopting.resealPage({ limit: 10 }, NOW, (error) => failures.push(error))
    expect(page).toMatchObject({ resealed: 0, left: 1 })
    expect(failures).toMatchObject([{ code: 'ERR_REVISION_CONFLICT' }])
    expect(storage.sandboxes.get('a')).toMatchObject({ app: 'changed' })
  })

  it('does not seal what it refuses: a forged record stays refused', async () => {
    await raw().register(sandbox('forged'), NOW)
    const failures: unknown[] = []
    const both = sealedWith({ keys: [keyB, keyA], mode: 'strict' })
    expect(await both.resealPage({ limit: 10 }, NOW, (error) => failures.push(error))).toMatchObject({
      left: 1,
    })
    expect(failures).toMatchObject([{ code: 'ERR_SEAL_MISSING' }])
  })
})
