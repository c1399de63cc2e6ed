import fc from 'fast-check'
import { createLocalJWKSet } from 'jose'
import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf, START } from '../../test/fixtures.ts'
import { seconds } from '../time.ts'
import { jwksCacheLifetime, toPublicJwk, toPublicJwks } from './jwks.ts'
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

  it.each([
    [1, { maxAge: 3600, staleIfError: 1 }],
    [0, { maxAge: 3600 }],
    [-1, { maxAge: 3600 }],
  ])('with staleIfError %i is %j', (staleIfError, expected) => {
    const policy = { ...DEFAULT_ROTATION_POLICY, staleIfError: seconds(staleIfError) }
    expect(jwksCacheLifetime(withRetired(), policy, START)).toEqual(expected)
  })
})
