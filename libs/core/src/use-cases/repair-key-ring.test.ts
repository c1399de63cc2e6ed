import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf, START, UUIDS, withCode } from '../../test/fixtures.ts'
import { sealKeyStore } from '../sealing/seal-key-store.ts'
import { decodeKeyRing, encodeKeyRing } from '../key-ring/codec.ts'
import { activeKey, nextKey, type KeyRing } from '../key-ring/key-ring.ts'
import { applyStep, nextGeneration } from '../key-ring/transitions.ts'
import { IssuerError } from '../errors.ts'
import type { KeyEncryption } from '../ports/key-encryption.ts'
import type { KeyStore, StoredKeyRing } from '../ports/key-store.ts'
import { createFixedClock } from '../testing/fixed-clock.ts'
import { createMemoryKeyStore, type MemoryRingStorage } from '../testing/memory-key-store.ts'
import { seconds } from '../time.ts'
import { createFollowedKeyRing } from './follow-key-ring.ts'

const keepRetired = seconds(93_600)
const otherId = '99999999-9999-4999-8999-999999999999'
const older: KeyRing = {
  ...ringOf(keys.rs256),
  generation: 5,
  keys: [activeKey(ringOf(keys.rs256)), nextEntry(keys.es256)],
}
const current = nextGeneration({ ...older, history: [] }, otherId)
const storedOf = (ring: KeyRing): StoredKeyRing => ({
  ...{ generation: ring.generation, write_id: ring.write_id, document: encodeKeyRing(ring) },
})

function follow(
  stored: KeyRing | undefined,
  decorate: (keyStore: KeyStore, storage: MemoryRingStorage) => KeyStore = (keyStore) => keyStore,
) {
  const storage: MemoryRingStorage = stored === undefined ? {} : { ring: storedOf(stored) }
  const clock = createFixedClock(after(200))
  const dependencies = {
    ...{ keyStore: decorate(createMemoryKeyStore(storage), storage), clock: clock.now },
    ...{ storeLag: seconds(300), keepRetired },
  }
  const followed = createFollowedKeyRing(dependencies, { ring: current, readAt: START })
  const saved = () => decodeKeyRing(storage.ring?.document ?? '')
  return { storage, clock, followed, saved }
}

describe('FollowedKeyRing.refresh', () => {
  it('gives an emptied store its ring back, uses what it reads back, and is fresh then', async () => {
    const { clock, followed, saved } = follow(undefined)
    const repair = await followed.refresh()
    expect(repair).toEqual({
      ...{ outcome: 'wrote-back', found: 'emptied', generation: 7, write_id: saved().write_id },
    })
    expect(saved()).toEqual({ ...current, generation: 7, write_id: saved().write_id })
    expect([followed.ring(), followed.readAt()]).toEqual([saved(), clock.now()])
    expect(await followed.refresh()).toEqual({ outcome: 'unchanged' })
  })

  it.each<[string, KeyRing]>([
    ['an older generation', older],
    ['the same save under an older generation', { ...current, generation: 4 }],
    ['an earlier save of the same generation', { ...current, write_id: UUIDS.write }],
  ])('writes its ring over %s, of a generation higher than both', async (_, stored) => {
    const { followed, saved } = follow(stored)
    expect(await followed.refresh()).toMatchObject({ outcome: 'wrote-back', found: 'older', generation: 7 })
    expect(saved()).toEqual({ ...current, generation: 7, write_id: saved().write_id })
  })

  it('lets a next key that the store had lost wait anew: sets without it were served until now', async () => {
    const lost = { ...older, keys: [activeKey(older)] }
    const { followed } = follow(lost)
    expect(await followed.refresh()).toMatchObject({ outcome: 'wrote-back', found: 'older' })
    expect(nextKey(followed.ring())).toEqual(nextEntry(keys.es256, { published_at: after(200) }))
  })

  it('lets the next key of another lineage wait anew when both are merged', async () => {
    const theirs = { ...ringOf(keys.rs256), ring_id: otherId, generation: 50 }
    const { followed } = follow({ ...theirs, keys: [activeKey(theirs), nextEntry(keys.eddsa)] })
    expect(await followed.refresh()).toMatchObject({ outcome: 'merged', found: 'other-lineage' })
    expect(nextKey(followed.ring())).toEqual(nextEntry(keys.eddsa, { published_at: after(200) }))
  })

  it('merges an older generation whose active key is about to leave: somebody may have signed with it', async () => {
    const before = { ...ringOf(keys.eddsa), generation: 3 }
    const { followed } = follow(before)
    expect(await followed.refresh()).toMatchObject({ outcome: 'merged', found: 'older', generation: 7 })
    expect(followed.ring().keys.find((key) => key.kid === keys.eddsa.kid)).toEqual(
      retiredEntry(keys.eddsa, { retired_at: after(200), remove_at: after(93_800) }),
    )
    expect(activeKey(followed.ring()).kid).toBe(keys.rs256.kid)
  })

  it('merges a later generation that lacks a tombstone it holds', async () => {
    const revoked = applyStep(older, { type: 'revoke', kid: keys.es256.kid }, START)
    const { storage, followed, saved } = follow(revoked)
    storage.ring = storedOf({ ...revoked, generation: 7 })
    await followed.refresh()
    storage.ring = storedOf({ ...current, generation: 20 })
    expect(await followed.refresh()).toMatchObject({ outcome: 'merged', found: 'diverged', generation: 21 })
    expect(saved().keys.map((key) => key.kid)).toEqual([keys.rs256.kid])
    expect(saved().history).toEqual(revoked.history)
  })

  it.each([
    [1, keys.rs256],
    [50, keys.eddsa],
  ])('merges another lineage of its cluster of generation %i', async (generation, signing) => {
    const { followed, saved } = follow({ ...ringOf(keys.eddsa), ring_id: otherId, generation })
    expect(await followed.refresh()).toMatchObject({ outcome: 'merged', found: 'other-lineage' })
    expect(saved().generation).toBe(Math.max(generation, 6) + 1)
    expect(activeKey(followed.signingRing()).kid).toBe(signing.kid)
    expect(
      followed
        .ring()
        .keys.map((key) => key.kid)
        .sort(),
    ).toEqual([keys.rs256.kid, keys.es256.kid, keys.eddsa.kid].sort())
  })

  it('takes over another lineage of its cluster that knows everything', async () => {
    const { followed, storage } = follow({ ...current, ring_id: otherId, generation: 9 })
    const stored = storage.ring
    expect(await followed.refresh()).toEqual({ outcome: 'took-over' })
    expect(storage.ring).toBe(stored)
  })

  it('generates a key when each ring has revoked what the other signs with', async () => {
    const revoke = { type: 'revoke', kid: keys.rs256.kid } as const
    const mine = nextGeneration(applyStep(older, revoke, START), UUIDS.write)
    const theirs = applyStep(
      ringOf(keys.es256),
      { type: 'revoke', kid: keys.es256.kid, successor: keys.rs256 },
      START,
    )
    const { storage, followed } = follow({ ...mine, generation: 7 })
    await followed.refresh()
    storage.ring = storedOf({ ...theirs, generation: 9 })
    expect(await followed.refresh()).toMatchObject({ outcome: 'merged', generation: 10 })
    expect(activeKey(followed.ring()).alg).toBe('RS256')
    expect([keys.rs256.kid, keys.es256.kid]).not.toContain(activeKey(followed.ring()).kid)
  })

  it('looks again when somebody else was first, and takes over what they saved', async () => {
    const theirs = { ...current, generation: 7, write_id: UUIDS.write }
    const { storage, followed } = follow(undefined, (keyStore, shared) => ({
      ...keyStore,
      async save(ring, expected) {
        if (shared.ring === undefined) shared.ring = storedOf(theirs)
        return keyStore.save(ring, expected)
      },
    }))
    expect(await followed.refresh()).toEqual({ outcome: 'took-over' })
    expect(storage.ring).toEqual(storedOf(theirs))
  })

  it('gives up after 8 conflicts with ERR_STORE_CONFLICT and keeps its ring', async () => {
    let saves = 0
    const { followed } = follow(undefined, (keyStore) => ({
      ...keyStore,
      async save() {
        saves += 1
        throw new IssuerError('ERR_STORE_CONFLICT', 'somebody was first')
      },
    }))
    await expect(followed.refresh()).rejects.toEqual(withCode('ERR_STORE_CONFLICT'))
    expect([saves, followed.ring(), followed.readAt()]).toEqual([8, current, START])
  })

  it('tells a repair in the next refresh when the store did not say whether it saved', async () => {
    const { followed, saved } = follow(undefined, (keyStore) => ({
      ...keyStore,
      async save(ring, expected) {
        await keyStore.save(ring, expected)
        throw new IssuerError('ERR_STORE_UNAVAILABLE', 'the answer was lost')
      },
    }))
    await expect(followed.refresh()).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    expect(followed.ring()).toBe(current)
    expect(await followed.refresh()).toMatchObject({ outcome: 'wrote-back', write_id: saved().write_id })
  })

  it('grows stale while the store takes nothing back', async () => {
    const { clock, followed } = follow(undefined, (keyStore) => ({
      ...keyStore,
      save: async () => undefined,
    }))
    await expect(followed.refresh()).rejects.toEqual(withCode('ERR_STORE_CONFLICT'))
    expect(followed.isFresh()).toBe(true)
    clock.advance(100)
    expect(followed.isFresh()).toBe(false)
  })

  it('seals what it writes back', async () => {
    const documents = new Map<string, string>()
    const encryption: KeyEncryption = {
      async seal(document) {
        const sealed = `sealed:${documents.size}`
        documents.set(sealed, document)
        return sealed
      },
      open: async (sealed) => documents.get(sealed) ?? '',
    }
    const { storage, followed } = follow(undefined, (keyStore) => sealKeyStore(keyStore, encryption))
    await followed.refresh()
    expect(storage.ring?.document).toBe('sealed:0')
    expect(followed.ring().keys).toEqual(current.keys)
  })
})
