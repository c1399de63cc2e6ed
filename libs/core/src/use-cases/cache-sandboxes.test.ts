import { describe, expect, it } from 'vitest'
import { START, UUIDS, withCode } from '../../test/fixtures.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import { createFixedClock } from '../testing/fixed-clock.ts'
import { createMemoryRegistryStorage, createMemorySandboxRegistry } from '../testing/memory-registry.ts'
import { addSeconds, seconds } from '../time.ts'
import { cacheSandboxes, type SandboxSource } from './cache-sandboxes.ts'

const SECRET = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)
const policy = { trustedFor: seconds(2), storeLag: seconds(300), maxBytes: 1_000_000 }

/** Two replicas on one store; how often, and by what, the first one answered. */
async function createReplicas(changes: Partial<SandboxRecord> = {}) {
  const storage = createMemoryRegistryStorage()
  storage.registryId = UUIDS.registry
  const open = () => createMemorySandboxRegistry({ storage, registryId: () => UUIDS.registry })
  const { now, advance } = createFixedClock(START)
  const sources: SandboxSource[] = []
  const store = open()
  const cached = cacheSandboxes({ ...policy, sandboxes: store, onFound: (from) => sources.push(from) })
  const record: SandboxRecord = {
    ...{ sandbox_id: 'sb-1', app: 'web', secrets: [{ sha256: SECRET }], created_at: START, revision: 1 },
    ...changes,
  }
  await store.register(record, now())
  const here = cached.sandboxes
  return {
    ...{ storage, here, elsewhere: open(), record, now, advance, sources, store, size: cached.size },
    find: (sha256 = SECRET) => here.findBySecretHash(sha256, now()),
  }
}

describe('cacheSandboxes', () => {
  it('asks the store again 2 seconds after it was asked, and not before', async () => {
    const { find, advance, sources } = await createReplicas()
    await find()
    advance(1)
    await find()
    advance(1)
    await find()
    expect(sources).toEqual(['store', 'cache', 'store'])
  })

  it('notices an end on another replica 2 seconds after it last read the sandbox', async () => {
    const { find, advance, elsewhere, now, record, size } = await createReplicas()
    await find()
    await elsewhere.end('sb-1', now())
    advance(1)
    expect(await find()).toEqual(record)
    advance(1)
    expect(await find()).toBeUndefined()
    expect(size()).toBe(0)
  })

  it('answers for a sandbox it has read until `storeLag` is over while the store is unreachable', async () => {
    const { find, advance, storage, record, sources } = await createReplicas()
    await find()
    storage.unavailable = true
    advance(299)
    expect(await find()).toEqual(record)
    expect(sources).toEqual(['store', 'outage'])
    // Having answered at 299 s made the reading no younger.
    advance(1)
    await expect(find()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('goes back to the store when that can be reached again', async () => {
    const { find, advance, storage, elsewhere, now, sources } = await createReplicas()
    await find()
    storage.unavailable = true
    advance(100)
    await find()
    storage.unavailable = false
    await elsewhere.end('sb-1', now())
    expect(await find()).toBeUndefined()
    expect(sources).toEqual(['store', 'outage'])
  })

  it('cannot tell whether an unknown secret is one while the store is unreachable', async () => {
    const { find, storage } = await createReplicas()
    await find()
    storage.unavailable = true
    await expect(find(OTHER)).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('remembers nobody who was not found', async () => {
    const { find, here, now, record, size } = await createReplicas()
    expect(await find(OTHER)).toBeUndefined()
    expect(size()).toBe(0)
    await here.register({ ...record, sandbox_id: 'sb-2', secrets: [{ sha256: OTHER }] }, now())
    expect((await find(OTHER))?.sandbox_id).toBe('sb-2')
  })

  it('lets an end take effect here at once, also when the store is gone right after it', async () => {
    const { find, here, storage, now } = await createReplicas()
    await find()
    expect(await here.end('sb-1', now())).toBe(true)
    storage.unavailable = true
    await expect(find()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('mints for nobody whose end was asked for here while the store was down', async () => {
    const { find, here, storage, now } = await createReplicas()
    await find()
    storage.unavailable = true
    await expect(here.end('sb-1', now())).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    await expect(find()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('lets a new secret take effect here at once', async () => {
    const { find, here, record, now } = await createReplicas()
    await find()
    await here.replace({ ...record, secrets: [{ sha256: OTHER }], revision: 2 }, now())
    expect(await find()).toBeUndefined()
    expect(await find(OTHER)).toMatchObject({ revision: 2 })
  })

  it.each([
    ['before the end was asked for', 'after it', ['ask', 'end', 'ended', 'answer']],
    ['during the end', 'before it was over', ['end', 'ask', 'answer', 'ended']],
    ['during the end', 'after it', ['end', 'ask', 'ended', 'answer']],
  ] as const)('does not remember what was asked %s and answered %s', async (_asked, _answered, order) => {
    const { store, record, now } = await createReplicas()
    const [answer, ended] = [Promise.withResolvers<SandboxRecord>(), Promise.withResolvers<boolean>()]
    const slow = cacheSandboxes({
      ...policy,
      sandboxes: { ...store, findBySecretHash: () => answer.promise, end: () => ended.promise },
    })
    const pending: Promise<unknown>[] = []
    const steps = {
      ask: () => pending.push(slow.sandboxes.findBySecretHash(SECRET, now())),
      end: () => pending.push(slow.sandboxes.end('sb-1', now())),
      answer: () => answer.resolve(record),
      ended: () => ended.resolve(true),
    }
    for (const step of order) {
      steps[step]()
      await Promise.resolve().then(() => undefined)
    }
    await Promise.all(pending)
    expect(slow.size()).toBe(0)
  })

  it('judges expiry by `now`, and asks the store about what has expired, as it may have been renewed', async () => {
    const { find, advance, elsewhere, record, now } = await createReplicas({
      expires_at: addSeconds(START, seconds(1)),
    })
    await find()
    const renewed = { ...record, expires_at: addSeconds(START, seconds(60)), revision: 2 }
    await elsewhere.replace(renewed, now())
    advance(1)
    expect(await find()).toEqual(renewed)
  })

  it('does not mint for an expired sandbox while the store is unreachable', async () => {
    const { find, advance, storage } = await createReplicas({ expires_at: addSeconds(START, seconds(1)) })
    await find()
    storage.unavailable = true
    advance(1)
    await expect(find()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('forgets what a registry knew that turns out to be lost', async () => {
    const { find, advance, storage, size } = await createReplicas()
    await find()
    advance(2)
    storage.registryId = UUIDS.ring
    await expect(find()).rejects.toEqual(withCode('ERR_REGISTRY_LOST'))
    expect(size()).toBe(0)
  })
})
