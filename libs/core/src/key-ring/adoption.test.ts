import { describe, expect, it } from 'vitest'
import { after, ISSUER_URL, keys, kidOf, START, UUIDS } from '../../test/fixtures.ts'
import { seconds } from '../time.ts'
import { buildAdoptedRing, findUnknownKeys, needsSuccessor, type AdoptMode } from './adoption.ts'
import { encodeKeyRing } from './codec.ts'
import type { KeyMaterial, SigningKeyMaterial } from './key-material.ts'
import type { KeyRing } from './key-ring.ts'
import { applyStep } from './transitions.ts'

const { rs256, rs256Other, rs256Long, eddsa, eddsaOther } = keys
const start = {
  ...{ ringId: UUIDS.ring, writeId: UUIDS.write, registryId: UUIDS.registry },
  ...{ clusterId: 'eu-1', issuerUrl: ISSUER_URL },
}

function adopt(
  primary: SigningKeyMaterial,
  verifyOnly: readonly KeyMaterial[] = [],
  { mode = 'default', successor }: { mode?: AdoptMode; successor?: SigningKeyMaterial } = {},
): KeyRing {
  const adoption = { keys: { primary, verifyOnly }, mode, ...(successor !== undefined && { successor }) }
  return buildAdoptedRing(start, adoption, START)
}

const summarize = (ring: KeyRing) =>
  ring.keys.map(({ kid, state, origin, private: own, remove_at: end }) => [
    ...[kid, state, origin],
    ...[own === undefined ? 'verifies' : 'signs', end ?? 'stays'],
  ])

describe('buildAdoptedRing', () => {
  it('lets an RSA key sign on under its own ID, whatever the mode', () => {
    const expected = [[kidOf('rsa-2048'), 'active', 'adopted', 'signs', 'stays']]
    expect(summarize(adopt(rs256))).toEqual(expected)
    expect(summarize(adopt(rs256, [], { mode: 'graceful' }))).toEqual(expected)
  })

  it('retires an Ed25519 key at once for a successor, without its private half and for good', () => {
    const ring = adopt(eddsa, [], { successor: rs256 })
    expect(summarize(ring)).toEqual([
      [rs256.kid, 'active', 'generated', 'signs', 'stays'],
      [kidOf('ed25519'), 'retired', 'adopted', 'verifies', 'stays'],
    ])
    expect(encodeKeyRing(ring)).not.toContain(eddsa.private['d'])
  })

  it('lets an Ed25519 key sign on in graceful mode while its successor is published', () => {
    expect(summarize(adopt(eddsa, [], { mode: 'graceful', successor: rs256 }))).toEqual([
      [eddsa.kid, 'active', 'adopted', 'signs', 'stays'],
      [rs256.kid, 'next', 'generated', 'signs', 'stays'],
    ])
  })

  it('keeps an Ed25519 key for good when its successor takes over after graceful mode', () => {
    const ring = adopt(eddsa, [], { mode: 'graceful', successor: rs256 })
    const step = { type: 'activate', kid: rs256.kid, keepRetired: seconds(93_600) } as const
    expect(summarize(applyStep(ring, step, after(86_400)))).toEqual([
      [eddsa.kid, 'retired', 'adopted', 'verifies', 'stays'],
      [rs256.kid, 'active', 'generated', 'signs', 'stays'],
    ])
  })

  it('lets an adopted RSA key go like any other once it has been rotated', () => {
    const step = { type: 'take-over', key: rs256Other, keepRetired: seconds(100) } as const
    expect(summarize(applyStep(adopt(rs256), step, START))[0]).toEqual([
      ...[rs256.kid, 'retired', 'adopted', 'verifies', START + 100],
    ])
  })

  it('publishes the other keys for verification only, for good', () => {
    const ring = adopt(rs256, [eddsa, rs256Other, eddsaOther])
    expect(summarize(ring).slice(1)).toEqual(
      [eddsa, rs256Other, eddsaOther].map(({ kid }) => [kid, 'retired', 'adopted', 'verifies', 'stays']),
    )
    expect(encodeKeyRing(ring)).not.toContain(rs256Other.private['d'])
  })

  it('takes a key that is there several times once, in its first role', () => {
    const ring = adopt(rs256, [eddsa, rs256, eddsa])
    expect(ring.keys.map(({ kid, state }) => [kid, state])).toEqual([
      [rs256.kid, 'active'],
      [eddsa.kid, 'retired'],
    ])
    expect(adopt(eddsa, [eddsa], { successor: rs256 }).keys).toHaveLength(2)
  })

  it('is of generation 1 and has no history', () => {
    const ring = adopt(eddsa, [rs256Other], { mode: 'graceful', successor: rs256 })
    expect([ring.generation, ring.history, ring.issuers]).toEqual([1, [], [{ url: ISSUER_URL }]])
  })
})

describe('needsSuccessor', () => {
  it.each([
    [rs256, 'RS256', false],
    [rs256Long, 'ES256', false],
    [eddsa, 'RS256', true],
    [eddsa, 'PS256', true],
    [eddsa, 'EdDSA', false],
  ] as const)(
    'is decided by the primary key and the kind of new keys (case %#)',
    (primary, newKeys, expected) => {
      expect(needsSuccessor(primary, newKeys)).toBe(expected)
    },
  )
})

describe('findUnknownKeys', () => {
  const ring = adopt(rs256, [eddsa, rs256Other])

  it('finds nothing in a ring that was made of the keys', () => {
    expect(findUnknownKeys(ring, [rs256, eddsa, rs256Other])).toEqual([])
  })

  it('counts removed and revoked keys as known', () => {
    const removed = applyStep(ring, { type: 'remove', kid: eddsa.kid }, START)
    const revoked = applyStep(removed, { type: 'revoke', kid: rs256Other.kid }, START)
    expect(findUnknownKeys(revoked, [rs256, eddsa, rs256Other])).toEqual([])
  })

  it('gives the keys that the ring has never heard of', () => {
    expect(findUnknownKeys(ring, [eddsaOther, rs256, rs256Long])).toEqual([eddsaOther, rs256Long])
  })
})
