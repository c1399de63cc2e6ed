import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { after, deepFreeze, keys, ringOf, START, UUIDS } from '../../test/fixtures.ts'
import { isIssuerError } from '../errors.ts'
import { seconds, unixSeconds } from '../time.ts'
import { encodeKeyRing } from './codec.ts'
import type { SigningKeyMaterial } from './key-material.ts'
import { activeKey, isTombstone, publishedKeys, type KeyRing } from './key-ring.ts'
import { canonicalText } from './merge-parts.ts'
import { mergeRings } from './merge.ts'
import { applyStep, type RingStep } from './transitions.ts'

const { ps256: _sameKeyAsOther, rs256Long: successor, ...pool } = keys
const key = fc.constantFrom<SigningKeyMaterial[]>(...Object.values(pool))
const kid = key.map((material) => material.kid)
const duration = fc.integer({ min: 0, max: 2000 }).map(seconds)
const step = fc.oneof(
  fc.record({ type: fc.constant('publish-next'), key }),
  fc.record({ type: fc.constant('activate'), kid, keepRetired: duration }),
  fc.record(
    { type: fc.constant('take-over'), key, keepRetired: duration },
    { requiredKeys: ['type', 'key'] },
  ),
  fc.record({ type: fc.constant('add-legacy'), key }),
  fc.record({ type: fc.constant('remove'), kid }),
  fc.record({ type: fc.constant('revoke'), kid, successor: key }, { requiredKeys: ['type', 'kid'] }),
) as fc.Arbitrary<RingStep>

const url = fc.constantFrom('https://a.example.com', 'https://b.example.com', 'https://c.example.com')
const issuers = fc
  .uniqueArray(fc.record({ url, until: fc.option(duration.map(after), { nil: undefined }) }), {
    minLength: 1,
    selector: (issuer) => issuer.url,
  })
  .map((list) =>
    list.map(({ url: address, until }, index) =>
      index === 0 || until === undefined ? { url: address } : { url: address, until },
    ),
  )
const extras = fc.dictionary(fc.constantFrom('x1', 'x2'), fc.oneof(fc.nat(3), fc.constant(['a'])), {
  maxKeys: 2,
})

/** A ring as steps make it, from one of two first keys, at moments of its own: of the same lineage or of another. */
const ring = fc
  .record({
    ...{ first: key, moves: fc.array(fc.tuple(step, fc.nat(300)), { maxLength: 10 }), issuers, extras },
    ...{
      generation: fc.integer({ min: 1, max: 4 }),
      writeId: fc.uuid(),
      ringId: fc.constantFrom(UUIDS.ring, UUIDS.write),
    },
    schema: fc.constantFrom('1.0', '1.9', '1.10'),
  })
  .map(({ first, moves, generation, writeId, ringId, ...members }) => {
    let result = ringOf(first)
    let now: number = START
    for (const [move, pause] of moves) {
      now += pause
      try {
        result = applyStep(result, move, unixSeconds(now))
      } catch (error) {
        if (!isIssuerError(error)) throw error
      }
    }
    const { extras: more, ...rest } = members
    return deepFreeze({ ...more, ...result, ...rest, generation, write_id: writeId, ring_id: ringId })
  })

/** Three rings of different versions, as rings of different contents always are. */
const rings = fc
  .tuple(ring, ring, ring)
  .filter((given) => new Set(given.map((each) => each.write_id)).size === given.length)

/** Later than every date in the rings. */
const now = after(4000)
const options = { keepRetired: seconds(500), successor }
const merge = (left: KeyRing, right: KeyRing) => mergeRings(left, right, options, now)
const text = (merged: KeyRing) => JSON.parse(canonicalText(merged)) as object
const kidsOf = (entries: readonly { readonly kid: string }[]) => entries.map((entry) => entry.kid).sort()
const tombstonesOf = (...rings: readonly KeyRing[]) =>
  new Set(rings.flatMap(({ history }) => kidsOf(history.filter(isTombstone))))
/** Ends that are a full `keepRetired` away, or never, made equal. */
const withEnd = <T extends object>(entry: T, end: number | undefined) => ({
  ...entry,
  end: Math.min(end ?? Infinity, after(4500)),
})
const issuersOf = ({ issuers: [current, ...ended] }: KeyRing) => [
  current,
  ...ended
    .map(({ until, ...issuer }) => withEnd(issuer, until))
    .sort((left, right) => (left.url < right.url ? -1 : 1)),
]
const withoutLateEnds = (merged: KeyRing) => ({
  ...text(merged),
  issuers: issuersOf(merged),
  keys: merged.keys.map(({ remove_at: end, ...entry }) => withEnd(entry, end)),
})
/** What must be the same in any grouping, whichever key signs; a successor is no key of the rings. */
const lasting = (merged: KeyRing) => ({
  published: kidsOf(publishedKeys(merged, now)).filter((id) => id !== successor.kid),
  history: merged.history,
  version: [merged.generation, merged.write_id, merged.ring_id, merged.registry_id, merged.schema],
  issuers: issuersOf(merged),
})
const sorted = (given: KeyRing) => {
  const byText = (left: object, right: object) => (canonicalText(left) < canonicalText(right) ? -1 : 1)
  const [current, ...ended] = given.issuers
  const unique = new Map(given.history.map((entry) => [canonicalText(entry), entry]))
  return {
    ...text(given),
    issuers: [current, ...ended.sort(byText)],
    keys: [...given.keys].sort(byText),
    history: [...unique.values()].sort(byText),
  }
}

describe('mergeRings', () => {
  it('is commutative to the byte', () => {
    fc.assert(
      fc.property(rings, ([left, right]) => {
        expect(JSON.stringify(merge(left, right).keys)).toBe(JSON.stringify(merge(right, left).keys))
        expect(text(merge(left, right))).toEqual(text(merge(right, left)))
      }),
      { numRuns: 500 },
    )
  })

  it('is idempotent but for the order of lists, and exactly so once merged', () => {
    fc.assert(
      fc.property(rings, ([left, right]) => {
        expect(sorted(merge(left, left))).toEqual(sorted(left))
        const merged = merge(left, right)
        expect(text(merge(merged, merged))).toEqual(text(merged))
      }),
      { numRuns: 500 },
    )
  })

  it('is associative in what is published, revoked and remembered', () => {
    fc.assert(
      fc.property(rings, ([one, two, three]) => {
        const grouped = merge(merge(one, two), three)
        expect(lasting(merge(one, merge(two, three)))).toEqual(lasting(grouped))
        expect(lasting(merge(merge(three, one), two))).toEqual(lasting(grouped))
      }),
      { numRuns: 500 },
    )
  })

  it('is associative in everything but ends of a full keepRetired or more when no ring has revoked the active key of another', () => {
    let compared = 0
    fc.assert(
      fc.property(rings, (given) => {
        const [one, two, three] = given
        const revoked = tombstonesOf(...given)
        fc.pre(given.every((each) => !revoked.has(activeKey(each).kid)))
        compared += 1
        const grouped = merge(merge(one, two), three)
        expect(withoutLateEnds(merge(one, merge(two, three)))).toEqual(withoutLateEnds(grouped))
        expect(withoutLateEnds(merge(merge(three, one), two))).toEqual(withoutLateEnds(grouped))
      }),
      { numRuns: 500 },
    )
    expect(compared).toBe(500)
  })

  it('never resurrects a revoked key, never loses a published one, never holds two that sign', () => {
    fc.assert(
      fc.property(rings, ([left, right]) => {
        const merged = merge(left, right)
        const revoked = tombstonesOf(left, right)
        expect(tombstonesOf(merged)).toEqual(revoked)
        const living = new Set(kidsOf(merged.keys))
        expect([...revoked].filter((id) => living.has(id))).toEqual([])
        const published = [...publishedKeys(left, now), ...publishedKeys(right, now)]
        const kept = new Set(kidsOf(publishedKeys(merged, now)))
        expect(kidsOf(published).filter((id) => !kept.has(id) && !revoked.has(id))).toEqual([])
        expect(merged.keys.filter((entry) => entry.state === 'active')).toHaveLength(1)
        const signers = [left, right].flatMap((given) =>
          given.keys.filter(({ state }) => state !== 'retired'),
        )
        for (const { kid: id } of signers) {
          const end = merged.keys.find((entry) => entry.kid === id)?.remove_at
          if (end !== undefined) expect(end).toBeGreaterThanOrEqual(after(4500))
        }
        for (const entry of merged.keys.filter(({ state }) => state === 'retired')) {
          expect(JSON.stringify(merged)).not.toContain(pool[nameOf(entry.kid)].private['d'])
        }
        encodeKeyRing(merged)
      }),
      { numRuns: 500 },
    )
  })
})

function nameOf(id: string): keyof typeof pool {
  const [name] = Object.entries(pool).find(([, material]) => material.kid === id) ?? []
  if (name === undefined) throw new RangeError(`no test key has the ID ${id}`)
  return name as keyof typeof pool
}
