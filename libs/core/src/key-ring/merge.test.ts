import { describe, expect, it } from 'vitest'
import {
  after,
  deepFreeze,
  ISSUER_URL,
  keys,
  nextEntry,
  retiredEntry,
  ringOf,
  START,
  UUIDS,
  withCode,
} from '../../test/fixtures.ts'
import { seconds } from '../time.ts'
import { activeKey, type KeyEntry, type KeyHistoryEntry, type KeyRing } from './key-ring.ts'
import { compareRings, mergeRings } from './merge.ts'
import { applyStep } from './transitions.ts'

const otherId = '99999999-9999-4999-8999-999999999999'
const now = after(500)
const keepRetired = seconds(93_600)
const options = { keepRetired }
const mergeBothWays = (left: KeyRing, right: KeyRing) => {
  const merged = mergeRings(deepFreeze(left), deepFreeze(right), options, now)
  expect(JSON.stringify(mergeRings(right, left, options, now))).toBe(JSON.stringify(merged))
  return merged
}
const entryOf = (ring: KeyRing, { kid }: { readonly kid: string }) => ring.keys.find((key) => key.kid === kid)
const statesOf = (ring: KeyRing) => Object.fromEntries(ring.keys.map((key) => [key.kid, key.state]))
const active = (key: typeof keys.rs256, changes: Partial<KeyEntry> = {}): KeyEntry => ({
  ...activeKey(ringOf(key)),
  ...changes,
})

const earlier: KeyRing = { ...ringOf(keys.rs256), generation: 3 }
const later: KeyRing = { ...ringOf(keys.eddsa), generation: 4, ring_id: otherId, write_id: otherId }

describe('mergeRings', () => {
  it('lets the active key of the higher generation sign and retires the other for a full keepRetired', () => {
    const merged = mergeBothWays(earlier, later)
    expect(entryOf(merged, keys.eddsa)).toEqual(activeKey(later))
    expect(entryOf(merged, keys.rs256)).toEqual(
      retiredEntry(keys.rs256, { retired_at: now, remove_at: after(94_100) }),
    )
    expect(JSON.stringify(merged)).not.toContain(keys.rs256.private['d'])
  })

  it('has lineage, registry and version of the later ring', () => {
    const registry = '55555555-5555-4555-8555-555555555555'
    expect(mergeBothWays(earlier, { ...later, registry_id: registry })).toMatchObject({
      ...{ ring_id: otherId, generation: 4, write_id: otherId, registry_id: registry, cluster_id: 'eu-1' },
    })
  })

  it('lets the greater write_id decide between equal generations', () => {
    const merged = mergeBothWays({ ...earlier, generation: 4 }, later)
    expect(activeKey(merged).kid).toBe(keys.eddsa.kid)
  })

  it('refuses rings of two clusters with ERR_STORE_FOREIGN', () => {
    const merge = () => mergeRings(earlier, { ...later, cluster_id: 'eu-2' }, options, now)
    expect(merge).toThrow(withCode('ERR_STORE_FOREIGN'))
  })

  it('keeps the next key of the later ring waiting and retires that of the earlier', () => {
    const merged = mergeBothWays(
      { ...earlier, keys: [...earlier.keys, nextEntry(keys.es256)] },
      { ...later, keys: [...later.keys, nextEntry(keys.eddsaOther)] },
    )
    expect(entryOf(merged, keys.eddsaOther)).toEqual(nextEntry(keys.eddsaOther))
    const { activated_at: _never, ...expected } = retiredEntry(keys.es256, {
      retired_at: now,
      remove_at: after(94_100),
    })
    expect(entryOf(merged, keys.es256)).toEqual(expected)
  })

  it('retires a next key that signed in the earlier ring: it does not wait again', () => {
    const merged = mergeBothWays(earlier, { ...later, keys: [...later.keys, nextEntry(keys.rs256)] })
    expect(statesOf(merged)).toEqual({ [keys.rs256.kid]: 'retired', [keys.eddsa.kid]: 'active' })
  })

  it('leaves a key active that the earlier ring has retired, or waiting', () => {
    for (const copy of [retiredEntry(keys.eddsa, { remove_at: now }), nextEntry(keys.eddsa)]) {
      const merged = mergeBothWays({ ...earlier, keys: [...earlier.keys, copy] }, later)
      expect(entryOf(merged, keys.eddsa)).toEqual(activeKey(later))
    }
  })

  it.each([
    [1, 2, 2],
    [2, 1, 2],
    [1, undefined, undefined],
    [undefined, 1, undefined],
  ])('keeps a key retired until the later of two ends (%s and %s s)', (left, right, expected) => {
    const ending = (end: number | undefined) => (end === undefined ? {} : { remove_at: after(end) })
    const retired = (end: number | undefined) => retiredEntry(keys.es256, ending(end))
    const merged = mergeBothWays(
      { ...earlier, keys: [...earlier.keys, retired(left)] },
      { ...later, keys: [...later.keys, retired(right)] },
    )
    expect(entryOf(merged, keys.es256)).toEqual(retired(expected))
  })

  it('takes the earliest beginning and the latest end of a retired key', () => {
    const [left, right] = [
      retiredEntry(keys.es256, {
        ...{ created_at: after(1), published_at: after(4) },
        activated_at: after(5),
      }),
      retiredEntry(keys.es256, { ...{ created_at: after(2), published_at: after(3) }, retired_at: after(9) }),
    ]
    const merged = mergeBothWays(
      { ...earlier, keys: [...earlier.keys, left] },
      { ...later, keys: [...later.keys, right] },
    )
    expect(entryOf(merged, keys.es256)).toMatchObject({
      ...{ created_at: after(1), published_at: after(3), activated_at: START, retired_at: after(9) },
    })
  })

  const tombstone: KeyHistoryEntry = {
    ...{ kid: keys.eddsa.kid, public: keys.eddsa.public, ended_at: START, reason: 'revoked: laptop stolen' },
  }
  it.each<[string, Partial<KeyRing>, Partial<KeyRing>, string]>([
    [
      'the active key of the earlier ring',
      {},
      { keys: [active(keys.eddsa), nextEntry(keys.es256)] },
      'rs256',
    ],
  ])('lets %s sign when that of the later is revoked', (_, left, right, expected) => {
    const merged = mergeBothWays({ ...earlier, ...left, history: [tombstone] }, { ...later, ...right })
    expect(activeKey(merged).kid).toBe(keys[expected as 'rs256'].kid)
    expect(entryOf(merged, keys.eddsa)).toBeUndefined()
    expect(merged.history).toEqual([tombstone])
  })

  const crossed: KeyHistoryEntry = { ...tombstone, kid: keys.rs256.kid, public: keys.rs256.public }
  it('lets the next key of the later ring sign when both active ones are revoked, else that of the earlier', () => {
    const [left, right] = [
      { ...earlier, keys: [...earlier.keys, nextEntry(keys.es256)], history: [tombstone] },
      { ...later, history: [crossed] },
    ]
    expect(activeKey(mergeBothWays(left, right))).toEqual({
      ...nextEntry(keys.es256),
      state: 'active',
      activated_at: now,
    })
    const waiting = { ...right, keys: [...later.keys, nextEntry(keys.eddsaOther)] }
    expect(statesOf(mergeBothWays(left, waiting))).toEqual({
      [keys.eddsaOther.kid]: 'active',
      [keys.es256.kid]: 'retired',
    })
  })

  it('asks for a successor when everything that could sign is revoked, and lets it sign', () => {
    const [left, right] = [
      { ...earlier, history: [tombstone] },
      { ...later, history: [crossed] },
    ]
    expect(() => mergeRings(left, right, options, now)).toThrow(withCode('ERR_KEY_TRANSITION'))
    const merged = mergeRings(left, right, { keepRetired, successor: keys.es256 }, now)
    expect(merged.keys).toEqual([
      active(keys.es256, { created_at: now, published_at: now, activated_at: now }),
    ])
    expect(merged.history).toHaveLength(2)
  })

  it('leaves a successor alone that is not needed', () => {
    const merged = mergeRings(earlier, later, { keepRetired, successor: keys.es256 }, now)
    expect(entryOf(merged, keys.es256)).toBeUndefined()
  })

  it('keeps a key that one ring has removed and the other still has, and remembers the removal', () => {
    const both = { ...earlier, keys: [...earlier.keys, retiredEntry(keys.es256, { remove_at: after(600) })] }
    const removed = applyStep({ ...both, generation: 9 }, { type: 'remove', kid: keys.es256.kid }, now)
    const merged = mergeBothWays(both, removed)
    expect(entryOf(merged, keys.es256)).toEqual(retiredEntry(keys.es256, { remove_at: after(600) }))
    expect(merged.history).toEqual(removed.history)
  })

  it('holds every entry of both histories once, in the order of their ends', () => {
    const [first, second] = [
      { ...crossed, kid: keys.es256.kid, ended_at: after(1) },
      { ...crossed, kid: keys.eddsaOther.kid, ended_at: after(2) },
    ]
    const reordered = Object.fromEntries(Object.entries(first).reverse()) as unknown as KeyHistoryEntry
    const merged = mergeBothWays({ ...earlier, history: [second, first] }, { ...later, history: [reordered] })
    expect(merged.history).toEqual([first, second])
  })

  it('has the issuer URL of the later ring first and ends the other one after a full keepRetired', () => {
    const [old, older] = [
      { url: 'https://old.example.com', until: after(7) },
      { url: 'https://older.example.com', until: after(5) },
    ]
    const merged = mergeBothWays(
      { ...earlier, issuers: [{ url: ISSUER_URL }, older, { ...old, until: after(1) }] },
      { ...later, issuers: [{ url: 'https://new.example.com' }, old] },
    )
    expect(merged.issuers).toEqual([
      { url: 'https://new.example.com' },
      { url: ISSUER_URL, until: after(94_100) },
      old,
      older,
    ])
  })

  it('gives no end to the current issuer URL that the earlier ring had ended', () => {
    const back = {
      ...earlier,
      issuers: [{ url: 'https://x.example.com' }, { url: ISSUER_URL, until: START }],
    }
    expect(mergeBothWays(back, later).issuers[0]).toEqual({ url: ISSUER_URL })
  })

  it('keeps unknown members at every level and the newer minor schema', () => {
    const left = { ...earlier, schema: '1.9', one: 1, keys: [{ ...active(keys.rs256), mine: { a: 1 } }] }
    const right = {
      ...later,
      schema: '1.10',
      two: [2],
      keys: [active(keys.eddsa), { ...retiredEntry(keys.rs256), theirs: 'x' }],
    }
    const merged = mergeBothWays(left, right)
    expect(merged).toMatchObject({ schema: '1.10', one: 1, two: [2] })
    expect(entryOf(merged, keys.rs256)).toMatchObject({ state: 'retired', mine: { a: 1 }, theirs: 'x' })
  })

  it('takes the greater JSON text where both rings have another value of an unknown member', () => {
    expect(
      mergeBothWays({ ...earlier, more: 'b' } as KeyRing, { ...later, more: 'a' } as KeyRing),
    ).toMatchObject({
      more: 'b',
    })
  })
})

describe('compareRings', () => {
  it.each<[string, KeyRing, KeyRing]>([
    ['the lower generation', earlier, { ...earlier, generation: 4 }],
    ['a generation of fewer digits', { ...earlier, generation: 9 }, { ...earlier, generation: 10 }],
    [
      'the smaller write_id of the same generation',
      { ...earlier, write_id: UUIDS.write },
      { ...earlier, write_id: otherId },
    ],
    ['the smaller text of the same version', earlier, { ...earlier, ring_id: otherId }],
  ])('calls %s the earlier one', (_, left, right) => {
    expect(compareRings(left, right)).toBeLessThan(0)
    expect(compareRings(right, left)).toBeGreaterThan(0)
  })

  it('finds no difference in the same ring', () => {
    expect(compareRings(earlier, structuredClone(earlier))).toBe(0)
  })
})
