import fc from 'fast-check'
import { createLocalJWKSet } from 'jose'
import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf, START } from '../../test/fixtures.ts'
import { seconds } from '../time.ts'
import { jwksCacheLifetime, nextChangeOfSet, toPublicJwk, toPublicJwks } from './jwks.ts'
import { activeKey, type KeyRing } from './key-ring.ts'
import { DEFAULT_ROTATION_POLICY } from './rotation-policy.ts'

const withRetired = (...removals: readonly (number | undefined)[]): KeyRing => ({
  ...ringOf(keys.rs256),
  keys: [
    ...ringOf(keys.rs256).keys,
    ...removals.map((removal, index) =>
      retiredEntry(
        [keys.eddsa, keys.es256, keys.eddsaOther][index] ?? keys.eddsa,
        removal === undefined ? {} : { remove_at: after(removal) },
      ),
    ),
  ],
})

describe('toPublicJwk', () => {
  it.each([
    ['RS256', keys.rs256, ['kty', 'kid', 'use', 'alg', 'n', 'e']],
    ['PS256', keys.ps256, ['kty', 'kid', 'use', 'alg', 'n', 'e']],
    ['ES256', keys.es256, ['kty', 'kid', 'use', 'alg', 'crv', 'x', 'y']],
    ['EdDSA', keys.eddsa, ['kty', 'kid', 'use', 'alg', 'crv', 'x']],
  ] as const)('gives for %s just the public members, with use and alg', (alg, key, members) => {
    const jwk = toPublicJwk(key)
    expect(Object.keys(jwk)).toEqual(members)
    expect(jwk).toEqual({ ...key.public, kid: key.kid, use: 'sig', alg })
  })

  it('copies nothing else, even when private members stand in the public half', () => {
    const jwk = toPublicJwk({ ...keys.rs256, public: { ...keys.rs256.private, k: 'secret', x5c: 'x' } })
    expect(Object.keys(jwk)).toEqual(['kty', 'kid', 'use', 'alg', 'n', 'e'])
  })
})

describe('toPublicJwks', () => {
  it('gives a set that jose reads', async () => {
    const set = createLocalJWKSet(toPublicJwks(ringOf(keys.rs256), START) as never)
    await expect(set({ alg: 'RS256', kid: keys.rs256.kid })).resolves.toMatchObject({ type: 'public' })
  })

  it('gives the same bytes for the same ring, read again or copied', () => {
    const ring = withRetired(undefined, 100)
    const bytes = JSON.stringify(toPublicJwks(ring, START))
    expect(JSON.stringify(toPublicJwks(JSON.parse(JSON.stringify(ring)) as KeyRing, after(99)))).toBe(bytes)
  })

  it('puts the active key first, then the next, then the retired', () => {
    const ring = withRetired(undefined)
    const shuffled = { ...ring, keys: [ring.keys[1]!, nextEntry(keys.rs256Other), ring.keys[0]!] }
    expect(toPublicJwks(shuffled, START).keys.map((key) => key.kid)).toEqual([
      keys.rs256.kid,
      keys.rs256Other.kid,
      keys.eddsa.kid,
    ])
  })

  it('never holds a private member, whatever the ring', () => {
    const everyKey = Object.values(keys)
    const shuffled = fc.shuffledSubarray(everyKey, { minLength: 2 })
    fc.assert(
      fc.property(shuffled, fc.boolean(), fc.nat(200), (chosen, isWaiting, duration) => {
        const [first, second, ...rest] = chosen
        const entries = [
          activeKey(ringOf(first!)),
          isWaiting ? nextEntry(second!) : retiredEntry(second!, { remove_at: after(100) }),
          ...rest.map((key) => retiredEntry(key)),
        ]
        const text = JSON.stringify(toPublicJwks({ ...ringOf(first!), keys: entries }, after(duration)))
        for (const key of everyKey) {
          for (const [name, value] of Object.entries(key.private)) {
            if (!(name in key.public)) expect(text).not.toContain(value)
          }
        }
        expect(text).not.toMatch(/"(d|p|q|dp|dq|qi|k|oth)":/)
      }),
    )
  })
})

describe('jwksCacheLifetime', () => {
  const lifetime = (ring: KeyRing, duration = 0) =>
    jwksCacheLifetime(ring, DEFAULT_ROTATION_POLICY, after(duration))

  it('is the policy’s when no change is ahead', () => {
    expect(lifetime(withRetired())).toEqual({ maxAge: 3600, staleIfError: 43_200 })
    expect(lifetime(withRetired(undefined))).toEqual({ maxAge: 3600, staleIfError: 43_200 })
  })

  it.each([
    [7202, 3600],
    [7200, 3600],
    [7199, 3599],
    [7198, 3599],
    [1000, 500],
    [122, 61],
    [121, 60],
    [120, 60],
    [119, 60],
    [1, 60],
  ])('is for a change %i s ahead %i s, half of it within the limits', (ahead, maxAge) => {
    expect(lifetime(withRetired(ahead)).maxAge).toBe(maxAge)
  })

  it('looks at the nearest change that is still ahead', () => {
    expect(lifetime(withRetired(2000, 1000, 3000)).maxAge).toBe(500)
    expect(lifetime(withRetired(2000, 1000, 3000), 999).maxAge).toBe(60)
    expect(lifetime(withRetired(2000, 1000, 3000), 1000).maxAge).toBe(500)
    expect(lifetime(withRetired(2000, 1000, 3000), 3000).maxAge).toBe(3600)
  })

  const month = 30 * 86_400
  const publishAt = month - 86_400

  it.each([
    [publishAt - 7200, 3600],
    [publishAt - 7199, 3599],
    [publishAt - 122, 61],
    [publishAt - 119, 60],
    [publishAt, 60],
    [publishAt + 1_000_000, 60],
  ])('counts the publication of the next key that is planned (after %i s: %i s)', (duration, maxAge) => {
    expect(lifetime(withRetired(), duration).maxAge).toBe(maxAge)
  })

  it('counts a key of another kind that is wanted', () => {
    const life = (specification: 'RS256' | 'ES256') =>
      jwksCacheLifetime(withRetired(), DEFAULT_ROTATION_POLICY, START, { specification }).maxAge
    expect([life('RS256'), life('ES256')]).toEqual([3600, 60])
  })

  it('does not count that a next key begins to sign, which leaves the set as it is, but what follows from it', () => {
    const waiting = { ...withRetired(), keys: [...withRetired().keys, nextEntry(keys.es256)] }
    expect(lifetime(waiting, month - 1).maxAge).toBe(3600)
    expect(nextChangeOfSet(waiting, DEFAULT_ROTATION_POLICY, START)).toBe(after(month + 93_600))
    const brief = { ...DEFAULT_ROTATION_POLICY, activeFor: seconds(86_401 + 4000) }
    expect(nextChangeOfSet(waiting, brief, START)).toBe(after(86_401 + 4000 + 4001))
    expect(nextChangeOfSet(waiting, brief, after(100_000))).toBe(after(100_000 + 4001))
  })

  it.each([
    [0, 3600],
    [0.5, 3420],
    [1, 3240],
  ])('is shortened by jitter %d to %i s', (jitter, maxAge) => {
    expect(jwksCacheLifetime(withRetired(), DEFAULT_ROTATION_POLICY, START, { jitter }).maxAge).toBe(maxAge)
  })

  it.each([-0.001, 1.001, Number.NaN])('refuses %d for jitter', (jitter) => {
    expect(() => jwksCacheLifetime(withRetired(), DEFAULT_ROTATION_POLICY, START, { jitter })).toThrow(
      RangeError,
    )
  })

  it('is never above what the policy allows nor below 60 s, whatever the time and jitter', () => {
    const duration = fc.integer({ min: 0, max: 3_000_000 })
    const jitter = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(duration, jitter, fc.integer({ min: 60, max: 86_400 }), (elapsed, share, jwksMaxAge) => {
        const policy = { ...DEFAULT_ROTATION_POLICY, jwksMaxAge: seconds(jwksMaxAge) }
        const { maxAge } = jwksCacheLifetime(withRetired(1000, 500_000), policy, after(elapsed), {
          jitter: share,
        })
        expect(Number.isInteger(maxAge)).toBe(true)
        expect(maxAge).toBeGreaterThanOrEqual(60)
        expect(maxAge).toBeLessThanOrEqual(jwksMaxAge)
      }),
    )
  })

  it.each([
    [1, { maxAge: 3600, staleIfError: 1 }],
    [0, { maxAge: 3600 }],
    [-1, { maxAge: 3600 }],
  ])('with staleIfError %i is %j', (staleIfError, expected) => {
    const policy = { ...DEFAULT_ROTATION_POLICY, staleIfError: seconds(staleIfError) }
    expect(jwksCacheLifetime(withRetired(), policy, START)).toEqual(expected)
  })
})
