import { describe, expect, it } from 'vitest'
import { after, ISSUER_URL, keys, retiredEntry, ringOf, START, UUIDS, withCode } from '../../test/fixtures.ts'
import { sealKeyStore } from '../sealing/seal-key-store.ts'
import type { IssuerErrorCode } from '../errors.ts'
import { encodeKeyRing } from '../key-ring/codec.ts'
import { activeKey, type KeyRing } from '../key-ring/key-ring.ts'
import { applyStep, nextGeneration } from '../key-ring/transitions.ts'
import type { KeyStore, StoredKeyRing } from '../ports/key-store.ts'
import { createFixedClock } from '../testing/fixed-clock.ts'
import { createMemoryKeyStore, type MemoryRingStorage } from '../testing/memory-key-store.ts'
import { seconds } from '../time.ts'
import { createFollowedKeyRing } from './follow-key-ring.ts'

const first = { ...ringOf(keys.rs256), generation: 5 }
const otherId = '99999999-9999-4999-8999-999999999999'
const second = nextGeneration(applyStep(first, { type: 'take-over', key: keys.eddsa }, after(10)), otherId)
const storedOf = (ring: KeyRing): StoredKeyRing => ({
  ...{ generation: ring.generation, write_id: ring.write_id, document: encodeKeyRing(ring) },
})

function follow(
  decorate: (keyStore: KeyStore) => KeyStore = (keyStore) => keyStore,
  options: { readonly issuerUrl?: string } = {},
) {
  const storage: MemoryRingStorage = { ring: storedOf(first) }
  const clock = createFixedClock(START)
  const keyStore = decorate(createMemoryKeyStore(storage))
  const terms = { storeLag: seconds(300), keepRetired: seconds(93_600) }
  const dependencies = { keyStore, clock: clock.now, ...terms, ...options }
  return { storage, clock, followed: createFollowedKeyRing(dependencies, { ring: first, readAt: START }) }
}

describe('createFollowedKeyRing', () => {
  it.each([
    [-61, false],
    [-60, true],
    [0, true],
    [299, true],
    [300, false],
    [301, false],
  ])('%i s after the last reading may sign: %s', (duration, isFresh) => {
    const { clock, followed } = follow()
    clock.advance(duration)
    expect(followed.isFresh()).toBe(isFresh)
    if (isFresh) expect(followed.signingRing()).toBe(first)
    else expect(() => followed.signingRing()).toThrow(withCode('ERR_KEY_RING_STALE'))
    expect(followed.ring()).toBe(first)
  })

  it('is fresh again after a reading, also after the clock was put back', async () => {
    const { clock, followed } = follow()
    clock.advance(1000)
    await followed.refresh()
    expect([followed.isFresh(), followed.readAt()]).toEqual([true, after(1000)])
    clock.set(START)
    expect(followed.isFresh()).toBe(false)
    await followed.refresh()
    expect([followed.isFresh(), followed.readAt()]).toEqual([true, START])
  })

  it('counts the age of a reading from when it was asked for, not from when it was answered', async () => {
    const { clock, followed } = follow((keyStore) => ({
      ...keyStore,
      async load() {
        clock.advance(200)
        return keyStore.load()
      },
    }))
    await followed.refresh()
    expect(followed.readAt()).toBe(START)
  })

  it.each([
    ['knows all that is known here', second],
    ['has to be merged', { ...second, keys: [activeKey(second)] }],
  ])('does not use a later ring of another issuer URL that %s, and stops signing', async (_, found) => {
    const { storage, clock, followed } = follow(undefined, { issuerUrl: ISSUER_URL })
    const issuers = [{ url: 'https://new.example.com' }, { url: ISSUER_URL, until: after(9000) }]
    storage.ring = storedOf({ ...found, issuers })
    const stored = storage.ring
    clock.advance(299)
    await expect(followed.refresh()).rejects.toThrow(withCode('ERR_ISSUER_URL_CHANGED'))
    expect([followed.ring(), storage.ring]).toEqual([first, stored])
    expect(followed.isFresh()).toBe(true)
    clock.advance(1)
    expect(() => followed.signingRing()).toThrow(withCode('ERR_KEY_RING_STALE'))
    expect(followed.lastFailure()).toEqual(withCode('ERR_ISSUER_URL_CHANGED'))
  })

  it.each([
    ['was emptied', undefined],
    ['went back in time', storedOf({ ...first, generation: 4, write_id: otherId })],
  ])('leaves a store that %s after the issuer moved to those that moved, for storeLag', async (_, lost) => {
    const { storage, clock, followed } = follow(undefined, { issuerUrl: ISSUER_URL })
    const refresh = () => followed.refresh()
    const issuers = [{ url: 'https://new.example.com' }, { url: ISSUER_URL, until: after(9000) }]
    storage.ring = storedOf({ ...second, issuers })
    await expect(refresh()).rejects.toThrow(withCode('ERR_ISSUER_URL_CHANGED'))
    const lose = () => {
      if (lost === undefined) delete storage.ring
      else storage.ring = lost
    }
    lose()
    for (const pause of [0, 299]) {
      clock.advance(pause)
      await expect(refresh()).rejects.toThrow(withCode('ERR_ISSUER_URL_CHANGED'))
      expect(storage.ring).toBe(lost)
    }
    // Nobody else gave it back, and the keys must not be lost.
    clock.advance(1)
    expect(await refresh()).toMatchObject({ outcome: 'wrote-back' })
    lose()
    expect(await refresh()).toMatchObject({ outcome: 'wrote-back' })
  })

  it('uses a later ring of its own URL, whatever is announced or was before', async () => {
    const { storage, followed } = follow(undefined, { issuerUrl: ISSUER_URL })
    storage.ring = storedOf({ ...second, issuers: [{ url: ISSUER_URL }, { url: 'https://new.example.com' }] })
    await followed.refresh()
    expect(followed.ring().issuers).toHaveLength(2)
  })

  it('merges an earlier ring of another URL, as what was there before the issuer moved', async () => {
    const { storage, followed } = follow(undefined, { issuerUrl: ISSUER_URL })
    const other = ringOf(keys.es256, { issuers: [{ url: 'https://old.example.com' }], write_id: otherId })
    storage.ring = storedOf(other)
    await followed.refresh()
    expect(followed.ring().issuers).toEqual([
      { url: ISSUER_URL },
      { url: 'https://old.example.com', until: after(93_600) },
    ])
  })

  it('keeps the ring itself when the store holds the same version', async () => {
    const { followed } = follow()
    await followed.refresh()
    expect(followed.ring()).toBe(first)
  })

  it('takes over a newer generation of the same ring', async () => {
    const { storage, followed } = follow()
    storage.ring = storedOf(second)
    await followed.refresh()
    expect(followed.ring()).toEqual(second)
    expect(activeKey(followed.signingRing()).kid).toBe(keys.eddsa.kid)
  })

  it('takes over a generation far ahead, and one of a newer minor schema', async () => {
    const { storage, followed } = follow()
    const newer = { ...second, generation: 99, schema: '1.7', more: 1 }
    storage.ring = storedOf(newer)
    await followed.refresh()
    expect(followed.ring()).toEqual(newer)
  })

  it.each<[string, StoredKeyRing, IssuerErrorCode]>([
    ['holds the ring of another cluster', storedOf({ ...second, cluster_id: 'eu-2' }), 'ERR_STORE_FOREIGN'],
    [
      'holds an older ring of another cluster',
      storedOf({ ...first, generation: 1, cluster_id: 'eu-2' }),
      'ERR_STORE_FOREIGN',
    ],
    ['holds a torn document', { ...storedOf(second), document: '{"schema":' }, 'ERR_STORE_CORRUPT'],
    ['says another version than its document', { ...storedOf(second), generation: 7 }, 'ERR_STORE_CORRUPT'],
    [
      'holds a newer major schema',
      { ...storedOf(second), document: '{"schema":"2.0"}' },
      'ERR_STORE_SCHEMA_NEWER',
    ],
    [
      'holds a ring that breaks a rule',
      { ...storedOf(second), document: encodeKeyRing(second).replace('"active"', '"next"') },
      'ERR_KEY_RING_INVALID',
    ],
    [
      'holds halves of two keys',
      storedOf({
        ...second,
        keys: [activeKey(second), retiredEntry({ ...keys.rs256, public: keys.rs256Other.public })],
      }),
      'ERR_KEY_MISMATCH',
    ],
  ])('keeps its ring when the store %s', async (_, stored, code) => {
    const { storage, clock, followed } = follow()
    storage.ring = stored
    clock.advance(299)
    await expect(followed.refresh()).rejects.toEqual(withCode(code))
    expect(followed.lastFailure()).toEqual(withCode(code))
    expect([followed.ring(), followed.readAt(), followed.signingRing()]).toEqual([first, START, first])
    expect(storage.ring).toBe(stored)
    clock.advance(1)
    expect(() => followed.signingRing()).toThrow(withCode('ERR_KEY_RING_STALE'))
  })

  it('keeps its ring while the store cannot be reached, and recovers', async () => {
    const { storage, clock, followed } = follow()
    storage.unavailable = true
    clock.advance(300)
    await expect(followed.refresh()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    expect(followed.isFresh()).toBe(false)
    storage.unavailable = false
    await followed.refresh()
    expect([followed.isFresh(), followed.lastFailure()]).toEqual([true, undefined])
  })

  it('shares one reading among calls at the same time, and reads again after it', async () => {
    let loads = 0
    const { followed } = follow((keyStore) => ({
      ...keyStore,
      async load() {
        loads += 1
        return keyStore.load()
      },
    }))
    await Promise.all([followed.refresh(), followed.refresh(), followed.refresh()])
    expect(loads).toBe(1)
    await followed.refresh()
    expect(loads).toBe(2)
  })

  it('shares a failure as well, and the next call tries again', async () => {
    const { storage, followed } = follow()
    storage.unavailable = true
    const results = await Promise.allSettled([followed.refresh(), followed.refresh()])
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected'])
    storage.unavailable = false
    await expect(followed.refresh()).resolves.toEqual({ outcome: 'unchanged' })
  })

  it('opens sealed documents', async () => {
    const storage: MemoryRingStorage = { ring: { ...storedOf(second), document: 'sealed' } }
    const encryption = { seal: async () => 'sealed', open: async () => encodeKeyRing(second) }
    const dependencies = {
      keyStore: sealKeyStore(createMemoryKeyStore(storage), encryption),
      clock: () => START,
      storeLag: seconds(300),
      keepRetired: seconds(93_600),
    }
    const followed = createFollowedKeyRing(dependencies, { ring: first, readAt: START })
    await followed.refresh()
    expect(followed.ring()).toEqual(second)
  })

  it('has test rings that differ in what is tested', () => {
    expect([first.write_id, second.write_id, second.generation]).toEqual([UUIDS.write, otherId, 6])
  })

  it('saves a ring, and uses it from then on', async () => {
    const { storage, clock, followed } = follow()
    const changed = { ...second, generation: 6 }
    clock.advance(10)
    await followed.save(changed, first)
    expect([followed.ring(), followed.readAt()]).toEqual([changed, after(10)])
    expect(storage.ring).toEqual(storedOf(changed))
  })

  it('refuses to save over another ring than the one in use, or than the stored one', async () => {
    const { storage, followed } = follow()
    await expect(followed.save(second, { ...first, write_id: otherId })).rejects.toThrow(
      withCode('ERR_STORE_CONFLICT'),
    )
    expect(storage.ring).toEqual(storedOf(first))
    storage.ring = storedOf(second)
    await expect(followed.save({ ...second, generation: 6 }, first)).rejects.toThrow(
      withCode('ERR_STORE_CONFLICT'),
    )
    expect(storage.ring).toEqual(storedOf(second))
    expect(followed.ring()).toBe(first)
  })

  it('refuses to save over a stored ring that it has not read', async () => {
    const { storage, followed } = follow()
    const stored = storedOf(second)
    storage.ring = stored
    const changed = nextGeneration(second, UUIDS.write)
    await expect(followed.save(changed, second)).rejects.toThrow(withCode('ERR_STORE_CONFLICT'))
    expect(storage.ring).toBe(stored)
    expect(followed.ring()).toBe(first)
  })

  it('uses nothing of which it is not known whether it was saved', async () => {
    const { storage, followed } = follow()
    storage.unavailable = true
    await expect(followed.save(second, first)).rejects.toThrow(withCode('ERR_STORE_UNAVAILABLE'))
    expect(followed.ring()).toBe(first)
  })

  it('saves after a refresh that is running, not in between', async () => {
    const order: string[] = []
    const { followed } = follow((keyStore) => ({
      ...keyStore,
      async load() {
        order.push('load begins')
        const stored = await keyStore.load()
        await Promise.resolve()
        order.push('load ends')
        return stored
      },
      async save(ring, expected) {
        order.push('save')
        await keyStore.save(ring, expected)
      },
    }))
    const changed = nextGeneration(first, UUIDS.write)
    await Promise.all([followed.refresh(), followed.save(changed, first), followed.refresh()])
    expect(order).toEqual(['load begins', 'load ends', 'save'])
    expect(followed.ring()).toEqual(changed)
  })

  it('remembers the latest reading when the clock is put back', async () => {
    const { clock, followed } = follow()
    expect(followed.latestReadAt()).toBe(START)
    clock.set(after(1000))
    await followed.refresh()
    clock.set(after(500))
    await followed.refresh()
    expect([followed.readAt(), followed.latestReadAt()]).toEqual([after(500), after(1000)])
  })
})
