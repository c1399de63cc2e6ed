import { describe, expect, it } from 'vitest'
import {
  after,
  deepFreeze,
  errorOf,
  keys,
  nextEntry,
  retiredEntry,
  ringOf,
  START,
  UUIDS,
  withCode,
} from '../../test/fixtures.ts'
import type { IssuerErrorCode } from '../errors.ts'
import { seconds } from '../time.ts'
import { activeKey, assertKeyRing, type KeyRing } from './key-ring.ts'
import { applyStep, createKeyRing, nextGeneration, type RingStep } from './transitions.ts'

const { rs256, rs256Other, eddsa, eddsaOther, es256 } = keys
const alone = deepFreeze(ringOf(rs256))
const waiting = deepFreeze({ ...alone, keys: [activeKey(alone), nextEntry(rs256Other)] })
const withLegacy = deepFreeze({ ...alone, keys: [activeKey(alone), retiredEntry(eddsa)] })
const later = after(1000)
const keepRetired = seconds(93_600)
const statesOf = (ring: KeyRing) => Object.fromEntries(ring.keys.map((key) => [key.kid, key.state]))

describe('createKeyRing', () => {
  it('gives a ring whose one key signs at once', () => {
    const ids = { ringId: UUIDS.ring, writeId: UUIDS.write, registryId: UUIDS.registry }
    const ring = createKeyRing(
      { ...ids, clusterId: 'eu-1', issuerUrl: 'https://id.example.com', key: rs256 },
      START,
    )
    expect(ring).toEqual({
      schema: '1.0',
      ring_id: UUIDS.ring,
      cluster_id: 'eu-1',
      generation: 1,
      write_id: UUIDS.write,
      registry_id: UUIDS.registry,
      issuers: [{ url: 'https://id.example.com' }],
      keys: [
        {
          ...{ kid: rs256.kid, alg: 'RS256', public: rs256.public, private: rs256.private },
          ...{
            state: 'active',
            origin: 'generated',
            created_at: START,
            published_at: START,
            activated_at: START,
          },
        },
      ],
      history: [],
    })
    expect(() => assertKeyRing(ring)).not.toThrow()
  })
})

describe('nextGeneration', () => {
  it('counts the save and names it, and changes nothing else', () => {
    const writeId = '44444444-4444-4444-8444-444444444444'
    expect(nextGeneration(alone, writeId)).toEqual({ ...alone, generation: 2, write_id: writeId })
  })
})

describe('applyStep', () => {
  it('publish-next adds a key that does not sign', () => {
    const ring = applyStep(alone, { type: 'publish-next', key: deepFreeze(rs256Other) }, later)
    expect(ring.keys).toEqual([
      activeKey(alone),
      { ...rs256Other, state: 'next', origin: 'generated', created_at: later, published_at: later },
    ])
  })

  it('activate lets the next key sign and erases the private half of the old one', () => {
    const ring = applyStep(waiting, { type: 'activate', kid: rs256Other.kid, keepRetired }, later)
    const { private: _erased, ...old } = activeKey(alone)
    expect(ring.keys).toEqual([
      { ...old, state: 'retired', retired_at: later, remove_at: after(94_600) },
      { ...nextEntry(rs256Other), state: 'active', activated_at: later },
    ])
    expect(JSON.stringify(ring)).not.toContain(rs256.private['d'])
  })

  it('take-over lets an unseen key sign and keeps the old one for as long as told', () => {
    const ring = applyStep(alone, { type: 'take-over', key: rs256Other, keepRetired }, later)
    expect(activeKey(ring)).toMatchObject({ kid: rs256Other.kid, published_at: later, activated_at: later })
    expect(ring.keys[0]).toMatchObject({ state: 'retired', retired_at: later, remove_at: after(94_600) })
  })

  it('take-over without keepRetired keeps the old key until it is removed by hand', () => {
    const ring = applyStep(ringOf(eddsa), { type: 'take-over', key: rs256 }, later)
    expect(ring.keys[0]).toMatchObject({ kid: eddsa.kid, state: 'retired', retired_at: later })
    expect(ring.keys[0]).not.toHaveProperty('remove_at')
    expect(ring.keys[0]).not.toHaveProperty('private')
  })

  it('take-over leaves a waiting key alone', () => {
    const ring = applyStep(waiting, { type: 'take-over', key: eddsa, keepRetired }, later)
    expect(statesOf(ring)).toEqual({
      [rs256.kid]: 'retired',
      [rs256Other.kid]: 'next',
      [eddsa.kid]: 'active',
    })
  })

  it('add-legacy publishes a key for verification only, even when its private half is given', () => {
    const ring = applyStep(alone, { type: 'add-legacy', key: eddsa }, later)
    expect(ring.keys[1]).toEqual({
      ...{ kid: eddsa.kid, alg: 'EdDSA', public: eddsa.public, state: 'retired', origin: 'adopted' },
      ...{ created_at: later, published_at: later, retired_at: later },
    })
  })

  it('remove puts a retired key into the history, with the time in which it signed', () => {
    const retired = applyStep(waiting, { type: 'activate', kid: rs256Other.kid, keepRetired }, later)
    const ring = applyStep(retired, { type: 'remove', kid: rs256.kid }, after(99_000))
    expect(statesOf(ring)).toEqual({ [rs256Other.kid]: 'active' })
    expect(ring.history).toEqual([
      {
        ...{ kid: rs256.kid, alg: 'RS256', public: rs256.public, signed_from: START, signed_until: later },
        ...{ ended_at: after(99_000), reason: 'removed' },
      },
    ])
  })

  it('remove of an adopted key does not say when it began to sign, which was elsewhere', () => {
    const legacy = applyStep(alone, { type: 'add-legacy', key: eddsa }, START)
    const ring = applyStep(legacy, { type: 'remove', kid: eddsa.kid }, later)
    expect(ring.history).toEqual([
      {
        ...{ kid: eddsa.kid, alg: 'EdDSA', public: eddsa.public, signed_until: START },
        ...{ ended_at: later, reason: 'removed' },
      },
    ])
  })

  it('a removed key may come back', () => {
    const removed = applyStep(withLegacy, { type: 'remove', kid: eddsa.kid }, later)
    expect(statesOf(applyStep(removed, { type: 'add-legacy', key: eddsa }, later))).toHaveProperty(eddsa.kid)
  })

  it.each([
    [undefined, 'revoked'],
    ['laptop stolen', 'revoked: laptop stolen'],
    ['', 'revoked: '],
  ])('revoke with the reason %j leaves the tombstone %j', (reason, expected) => {
    const ring = applyStep(
      withLegacy,
      { type: 'revoke', kid: eddsa.kid, ...(reason !== undefined && { reason }) },
      later,
    )
    expect(ring.history.map((entry) => entry.reason)).toEqual([expected])
    expect(() => applyStep(ring, { type: 'add-legacy', key: eddsa }, later)).toThrow(
      withCode('ERR_KEY_REVOKED'),
    )
  })

  it('revoke of the active key lets the waiting one sign at once', () => {
    const ring = applyStep(waiting, { type: 'revoke', kid: rs256.kid, successor: eddsa }, later)
    expect(ring.keys).toEqual([{ ...nextEntry(rs256Other), state: 'active', activated_at: later }])
    expect(ring.history[0]).toMatchObject({ kid: rs256.kid, signed_from: START, signed_until: later })
    expect(JSON.stringify(ring)).not.toContain(rs256.private['d'])
  })

  it('revoke of the active key lets its successor sign when none waits', () => {
    const ring = applyStep(alone, { type: 'revoke', kid: rs256.kid, successor: rs256Other }, later)
    expect(statesOf(ring)).toEqual({ [rs256Other.kid]: 'active' })
  })

  it('revoke of the waiting key takes just that one out', () => {
    const ring = applyStep(waiting, { type: 'revoke', kid: rs256Other.kid }, later)
    expect(statesOf(ring)).toEqual({ [rs256.kid]: 'active' })
    expect(ring.history[0]).not.toHaveProperty('signed_from')
    expect(ring.history[0]).not.toHaveProperty('signed_until')
  })

  const revoked = applyStep(waiting, { type: 'revoke', kid: rs256.kid }, START)
  it.each<[string, KeyRing, RingStep, IssuerErrorCode]>([
    ['publish-next while one waits', waiting, { type: 'publish-next', key: eddsa }, 'ERR_KEY_TRANSITION'],
    ['publish-next of the active key', alone, { type: 'publish-next', key: rs256 }, 'ERR_KEY_TRANSITION'],
    ['publish-next of a retired key', withLegacy, { type: 'publish-next', key: eddsa }, 'ERR_KEY_TRANSITION'],
    ['publish-next of a revoked key', revoked, { type: 'publish-next', key: rs256 }, 'ERR_KEY_REVOKED'],
    [
      'publish-next of an RSA key under another algorithm',
      revoked,
      { type: 'publish-next', key: { ...rs256, alg: 'PS256' } },
      'ERR_KEY_REVOKED',
    ],
    [
      'activate of the active key',
      waiting,
      { type: 'activate', kid: rs256.kid, keepRetired },
      'ERR_KEY_TRANSITION',
    ],
    [
      'activate of a retired key',
      withLegacy,
      { type: 'activate', kid: eddsa.kid, keepRetired },
      'ERR_KEY_TRANSITION',
    ],
    [
      'activate of an unknown key',
      waiting,
      { type: 'activate', kid: es256.kid, keepRetired },
      'ERR_KEY_NOT_FOUND',
    ],
    [
      'activate with a negative time to keep',
      waiting,
      { type: 'activate', kid: rs256Other.kid, keepRetired: seconds(-1) },
      'ERR_KEY_RING_INVALID',
    ],
    [
      'take-over by the active key',
      alone,
      { type: 'take-over', key: rs256, keepRetired },
      'ERR_KEY_TRANSITION',
    ],
    [
      'take-over by the waiting key',
      waiting,
      { type: 'take-over', key: rs256Other, keepRetired },
      'ERR_KEY_TRANSITION',
    ],
    [
      'take-over by a revoked key',
      revoked,
      { type: 'take-over', key: rs256, keepRetired },
      'ERR_KEY_REVOKED',
    ],
    ['add-legacy of a key that is there', alone, { type: 'add-legacy', key: rs256 }, 'ERR_KEY_TRANSITION'],
    ['add-legacy of a revoked key', revoked, { type: 'add-legacy', key: rs256 }, 'ERR_KEY_REVOKED'],
    ['remove of the active key', alone, { type: 'remove', kid: rs256.kid }, 'ERR_KEY_TRANSITION'],
    ['remove of the waiting key', waiting, { type: 'remove', kid: rs256Other.kid }, 'ERR_KEY_TRANSITION'],
    ['remove of an unknown key', alone, { type: 'remove', kid: es256.kid }, 'ERR_KEY_NOT_FOUND'],
    ['remove of a revoked key', revoked, { type: 'remove', kid: rs256.kid }, 'ERR_KEY_NOT_FOUND'],
    ['revoke of an unknown key', alone, { type: 'revoke', kid: es256.kid }, 'ERR_KEY_NOT_FOUND'],
    ['revoke of a revoked key', revoked, { type: 'revoke', kid: rs256.kid }, 'ERR_KEY_NOT_FOUND'],
    ['revoke of the only key', alone, { type: 'revoke', kid: rs256.kid }, 'ERR_KEY_TRANSITION'],
    [
      'revoke of the active key with only a retired one left',
      withLegacy,
      { type: 'revoke', kid: rs256.kid },
      'ERR_KEY_TRANSITION',
    ],
    [
      'revoke of the active key in favour of itself',
      alone,
      { type: 'revoke', kid: rs256.kid, successor: rs256 },
      'ERR_KEY_REVOKED',
    ],
  ])('refuses %s', async (_, ring, step, code) => {
    const before = JSON.stringify(ring)
    expect((await errorOf(() => applyStep(ring, step, later))).code).toBe(code)
    expect(JSON.stringify(ring)).toBe(before)
  })

  describe('when the active key began in the future, as dated by a clock that was ahead', () => {
    const future = after(36_000)
    const ahead = deepFreeze({ ...alone, keys: [{ ...activeKey(alone), activated_at: future }] })
    const retired = { retired_at: future, remove_at: after(36_000 + 93_600) }

    it.each<[string, KeyRing, RingStep]>([
      [
        'activate',
        { ...ahead, keys: [...ahead.keys, nextEntry(rs256Other)] },
        { type: 'activate', kid: rs256Other.kid, keepRetired },
      ],
      ['take-over', ahead, { type: 'take-over', key: rs256Other, keepRetired }],
    ])('%s keeps it for all the time from then on, and the new one signs now', (_, ring, step) => {
      const changed = applyStep(ring, step, later)
      expect(changed.keys[0]).toMatchObject({ state: 'retired', ...retired })
      expect(activeKey(changed).activated_at).toBe(later)
    })

    it('revoke says that it signed until then', () => {
      const { history } = applyStep(ahead, { type: 'revoke', kid: rs256.kid, successor: eddsa }, later)
      expect(history).toMatchObject([{ signed_from: future, signed_until: future, ended_at: later }])
    })
  })

  it('keeps unknown members of the ring and of every key that stays', () => {
    const newer = { ...waiting, more: 1, keys: waiting.keys.map((key) => ({ ...key, more: key.kid })) }
    const ring = applyStep(newer, { type: 'activate', kid: rs256Other.kid, keepRetired }, later)
    expect(ring).toMatchObject({ more: 1, keys: [{ more: rs256.kid }, { more: rs256Other.kid }] })
  })

  it('refuses a step that would put a private half where it does not belong', () => {
    const leaky = { ...eddsaOther, public: eddsaOther.private }
    expect(() => applyStep(alone, { type: 'add-legacy', key: leaky }, later)).toThrow(
      withCode('ERR_KEY_RING_INVALID'),
    )
  })
})
