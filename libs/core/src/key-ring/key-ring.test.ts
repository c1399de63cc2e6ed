import { describe, expect, it } from 'vitest'
import {
  after,
  errorOf,
  ISSUER_URL,
  keys,
  nextEntry,
  retiredEntry,
  ringOf,
  START,
  withCode,
} from '../../test/fixtures.ts'
import {
  activeKey,
  assertKeyRing,
  currentIssuerUrl,
  isTombstone,
  nextKey,
  publishedKeys,
  type KeyEntry,
  type KeyRing,
} from './key-ring.ts'

const base = ringOf(keys.rs256)
const active = activeKey(base)
const next = nextEntry(keys.rs256Other)
const retired = retiredEntry(keys.eddsa)
const withKeys = (...entries: readonly KeyEntry[]): KeyRing => ({ ...base, keys: entries })
const without = (entry: KeyEntry, name: keyof KeyEntry): KeyEntry => {
  const { [name]: _left, ...rest } = entry
  return rest as KeyEntry
}
const tombstone = (kid: string, reason = 'revoked') => ({
  kid,
  public: keys.eddsaOther.public,
  ended_at: START,
  reason,
})

describe('assertKeyRing', () => {
  it.each<[string, KeyRing]>([
    ['one active key', base],
    ['all states at once', withKeys(retired, next, active, retiredEntry(keys.es256))],
    [
      'a retired key that is removed the moment it retires',
      withKeys(active, { ...retired, remove_at: START }),
    ],
    ['an active key that is not its own tombstone', { ...base, history: [tombstone(keys.eddsaOther.kid)] }],
    ['a living key that was removed earlier', { ...base, history: [tombstone(active.kid, 'removed')] }],
    [
      'an earlier issuer URL',
      { ...base, issuers: [{ url: ISSUER_URL }, { url: 'https://old.example.com', until: START }] },
    ],
    [
      'an earlier issuer URL without end',
      { ...base, issuers: [{ url: ISSUER_URL }, { url: 'https://old.example.com' }] },
    ],
  ])('accepts a ring with %s', (_, ring) => {
    expect(() => assertKeyRing(ring)).not.toThrow()
  })

  it.each<[string, KeyRing, string]>([
    ['no key', withKeys(), 'it has 0 active keys'],
    ['no active key', withKeys(next, retired), 'it has 0 active keys'],
    ['two active keys', withKeys(active, { ...active, kid: next.kid }), 'it has 2 active keys'],
    ['two next keys', withKeys(active, next, nextEntry(keys.eddsa)), 'it has 2 next keys'],
    ['a key twice', withKeys(active, retiredEntry(keys.rs256)), 'is in it twice'],
    ['a retired key twice', withKeys(active, retired, retired), 'is in it twice'],
    [
      'a retired key with a private half',
      withKeys(active, { ...retired, private: keys.eddsa.private }),
      'still has its private half',
    ],
    [
      'a retired key without a date',
      withKeys(active, without(retired, 'retired_at')),
      'is retired without a date',
    ],
    [
      'a key removed before it retired',
      withKeys(active, { ...retired, retired_at: after(1), remove_at: START }),
      'removed before it retired',
    ],
    [
      'an active key without private half',
      withKeys(without(active, 'private')),
      'is active and has no private half',
    ],
    [
      'a next key without private half',
      withKeys(active, without(next, 'private')),
      'is next and has no private half',
    ],
    [
      'an active key with a date of retirement',
      withKeys({ ...active, retired_at: START }),
      'date of retirement',
    ],
    [
      'a next key with a date of retirement',
      withKeys(active, { ...next, retired_at: START }),
      'date of retirement',
    ],
    ['an active key with a date of removal', withKeys({ ...active, remove_at: START }), 'date of removal'],
    ['a next key with a date of removal', withKeys(active, { ...next, remove_at: START }), 'date of removal'],
    ['an active key without a date', withKeys(without(active, 'activated_at')), 'is active without a date'],
    [
      'a next key with a date of activation',
      withKeys(active, { ...next, activated_at: START }),
      'date of activation',
    ],
    ['a key of another type', withKeys({ ...active, alg: 'EdDSA' }), 'is not a key for EdDSA'],
    [
      'a private member in a public half',
      withKeys(active, { ...retired, public: keys.eddsa.private }),
      'private members',
    ],
    [
      'a private member in the history',
      { ...base, history: [{ ...tombstone(keys.eddsa.kid), public: keys.eddsa.private }] },
      'private members',
    ],
    ['a revoked key that is back', { ...base, history: [tombstone(active.kid)] }, 'was revoked and is back'],
    [
      'a revoked key that is back as retired',
      { ...withKeys(active, retired), history: [tombstone(retired.kid, 'revoked: leaked')] },
      'was revoked and is back',
    ],
    ['no issuer URL', { ...base, issuers: [] }, 'it has no issuer URL'],
    [
      'a current issuer URL that ends',
      { ...base, issuers: [{ url: ISSUER_URL, until: START }] },
      'has an end',
    ],
    [
      'an issuer URL twice',
      { ...base, issuers: [{ url: ISSUER_URL }, { url: ISSUER_URL, until: START }] },
      'in it twice',
    ],
  ])('refuses a ring with %s', async (_, ring, reason) => {
    const error = await errorOf(() => assertKeyRing(ring))
    expect(error).toEqual(withCode('ERR_KEY_RING_INVALID'))
    expect(error.message).toContain(reason)
  })
})

describe('activeKey', () => {
  it('gives the key that signs, wherever it stands', () => {
    expect(activeKey(withKeys(retired, next, active))).toBe(active)
  })
  it('refuses a ring without one', () => {
    expect(() => activeKey(withKeys(next))).toThrow(withCode('ERR_KEY_RING_INVALID'))
  })
})

describe('nextKey', () => {
  it('gives the key that waits, or undefined', () => {
    expect(nextKey(withKeys(active, next))).toBe(next)
    expect(nextKey(base)).toBeUndefined()
  })
})

describe('currentIssuerUrl', () => {
  it('gives the first one', () => {
    const issuers = [{ url: ISSUER_URL }, { url: 'https://old.example.com', until: START }]
    expect(currentIssuerUrl({ ...base, issuers })).toBe(ISSUER_URL)
  })
  it('refuses a ring without one', () => {
    expect(() => currentIssuerUrl({ ...base, issuers: [] })).toThrow(withCode('ERR_KEY_RING_INVALID'))
  })
})

describe('isTombstone', () => {
  it.each([
    ['revoked', true],
    ['revoked: leaked', true],
    ['removed', false],
    ['revokedness', false],
    ['not revoked', false],
  ])('says of the reason %j: %s', (reason, expected) => {
    expect(isTombstone(tombstone('k', reason))).toBe(expected)
  })
})

describe('publishedKeys', () => {
  const leaving = { ...retired, remove_at: after(100) }

  it('gives the active key first, then the next one, then the retired ones in their order', () => {
    const other = retiredEntry(keys.es256)
    expect(publishedKeys(withKeys(retired, other, next, active), START)).toEqual([
      active,
      next,
      retired,
      other,
    ])
  })

  it.each([
    [99, [active, leaving]],
    [100, [active]],
    [101, [active]],
  ])('%i s later still has a key that leaves after 100 s, or not', (duration, expected) => {
    expect(publishedKeys(withKeys(active, leaving), after(duration))).toEqual(expected)
  })

  it('keeps a key without a date of removal for ever', () => {
    expect(publishedKeys(withKeys(active, retired), after(10 ** 9))).toEqual([active, retired])
  })
})
