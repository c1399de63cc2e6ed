import { describe, expect, it } from 'vitest'
import { START, UUIDS, withCode } from '../../test/fixtures.ts'
import { IssuerError } from '../errors.ts'
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
    ...{ sandbox_id: 'sb-1', app: 'web', runner_id: 'r-1', secrets: [{ sha256: SECRET }] },
    ...{ created_at: START, revision: 1 },
    ...changes,
  }
  await store.register(record, now())
  const here = cached.sandboxes
  return {
    ...{ storage, here, elsewhere: open(), record, now, advance, sources, store, size: cached.size },
    find: (sha256 = SECRET) => here.findBySecretHash(sha256, now()),
    findById: () => cached.findLiveById('sb-1', now(), 'r-1'),
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

  it('looks up by ID as by secret, and each makes use of what the other read', async () => {
    const { find, findById, advance, sources, record } = await createReplicas()
    expect(await findById()).toEqual(record)
    await find()
    advance(1)
    expect(await findById()).toEqual(record)
    advance(1)
    await find()
    expect(await findById()).toEqual(record)
    expect(sources).toEqual(['store', 'cache', 'cache', 'store', 'cache'])
  })

  it('finds by ID while the store is unreachable until `storeLag` is over', async () => {
    const { findById, advance, storage, record, sources } = await createReplicas()
    await findById()
    storage.unavailable = true
    advance(299)
    expect(await findById()).toEqual(record)
    advance(1)
    await expect(findById()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    expect(sources).toEqual(['store', 'outage'])
  })

  it('cannot tell by ID in an outage what it never read, nor what has expired', async () => {
    const { findById, advance, storage } = await createReplicas({ expires_at: addSeconds(START, seconds(9)) })
    storage.unavailable = true
    await expect(findById()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    storage.unavailable = false
    await findById()
    storage.unavailable = true
    advance(8)
    expect(await findById()).toBeDefined()
    advance(1)
    await expect(findById()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('finds nobody by ID who was ended or moved away here, whatever the store does then', async () => {
    const { findById, here, storage, record, now } = await createReplicas({ runner_id: 'r-1' })
    await findById()
    await here.replace({ ...record, runner_id: 'r-2', revision: 2 }, now())
    expect(await findById()).toMatchObject({ runner_id: 'r-2' })
    storage.unavailable = true
    await expect(here.end('sb-1', now())).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    await expect(findById()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    storage.unavailable = false
    await here.end('sb-1', now())
    expect(await findById()).toBeUndefined()
  })

  it('gives from memory only what is assigned to the runner it is for, and asks the store about the rest', async () => {
    const { findById, here, elsewhere, record, now, sources, storage } = await createReplicas({
      runner_id: 'r-2',
    })
    await findById()
    await elsewhere.replace({ ...record, runner_id: 'r-1', revision: 2 }, now())
    expect(await findById()).toMatchObject({ runner_id: 'r-1' })
    expect(await findById()).toMatchObject({ runner_id: 'r-1' })
    expect(sources).toEqual(['store', 'store', 'cache'])
    await here.replace({ ...record, runner_id: 'r-2', revision: 3 }, now())
    await findById()
    storage.unavailable = true
    await expect(findById()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('finds by ID whoever has a secret whose grace is over', async () => {
    const secrets = [{ sha256: SECRET, valid_until: addSeconds(START, seconds(1)) }]
    const { find, findById, advance } = await createReplicas({ secrets })
    await findById()
    advance(1)
    expect(await findById()).toBeDefined()
    expect(await find()).toBeUndefined()
  })

  it('leaves the question of an admin, who asks the registry by ID, to the store', async () => {
    const { find, here, elsewhere, now } = await createReplicas()
    await find()
    await elsewhere.end('sb-1', now())
    expect(await here.findById('sb-1', now())).toBeUndefined()
  })

  it('reckons with the memory that long lists take', async () => {
    const files = Array.from({ length: 16 }, (_, index) => ({
      name: `t${index}`,
      audience: Array.from({ length: 10 }, (_value, number) => `${number}`.repeat(1000)),
    }))
    for (const changes of [
      { allowed_audiences: Array.from({ length: 100 }, (_, index) => `${index}`.padStart(1000, 'x')) },
      { token_files: files },
    ]) {
      const { store, record, now } = await createReplicas(changes)
      const cached = cacheSandboxes({ ...policy, maxBytes: 90_000, sandboxes: store })
      await cached.sandboxes.findBySecretHash(SECRET, now())
      expect([cached.size(), JSON.stringify(record).length > 90_000]).toEqual([0, true])
    }
  })

  it('asks the store, not its memory, about whoever is being ended', async () => {
    const { store, now, sources } = await createReplicas()
    const ended = Promise.withResolvers<boolean>()
    const { sandboxes } = cacheSandboxes({
      ...{ ...policy, onFound: (from: SandboxSource) => sources.push(from) },
      sandboxes: { ...store, end: () => ended.promise },
    })
    await sandboxes.findBySecretHash(SECRET, now())
    const ending = sandboxes.end('sb-1', now())
    await sandboxes.findBySecretHash(SECRET, now())
    expect(sources).toEqual(['store', 'store'])
    ended.resolve(true)
    await ending
  })

  it('does not fall back on memory for whoever was ended here while the store was silent', async () => {
    const { store, now, record } = await createReplicas()
    const silent = Promise.withResolvers<SandboxRecord>()
    let answer = async (): Promise<SandboxRecord> => record
    const { sandboxes } = cacheSandboxes({
      ...policy,
      sandboxes: { ...store, findBySecretHash: () => answer(), end: async () => true },
    })
    await sandboxes.findBySecretHash(SECRET, now())
    answer = () => silent.promise
    const asking = sandboxes.findBySecretHash(SECRET, addSeconds(now(), seconds(2)))
    await sandboxes.end('sb-1', now())
    silent.reject(new IssuerError('ERR_STORE_UNAVAILABLE', 'gone'))
    await expect(asking).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })
})
