import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf } from '../../test/fixtures.ts'
import { seconds, type UnixSeconds } from '../time.ts'
import type { KeySpecification } from './algorithms.ts'
import type { SigningKeyMaterial } from './key-material.ts'
import type { KeyRing } from './key-ring.ts'
import { planRotation } from './rotation-plan.ts'
import { DEFAULT_ROTATION_POLICY } from './rotation-policy.ts'
import { applyStep } from './transitions.ts'

const policy = {
  ...DEFAULT_ROTATION_POLICY,
  activeFor: seconds(10_000),
  publishAhead: seconds(3000),
  keepRetired: seconds(5000),
}
const plan = (ring: KeyRing, duration: number, specification: KeySpecification = 'RS256') =>
  planRotation(ring, policy, after(duration), specification)
const stepOf = (ring: KeyRing, duration: number, specification?: KeySpecification) =>
  plan(ring, duration, specification).step?.type

const alone = ringOf(keys.rs256)
const withKeys = (...entries: KeyRing['keys']): KeyRing => ({ ...alone, keys: [...alone.keys, ...entries] })
const waiting = (publishedAt: number, key: SigningKeyMaterial = keys.rs256Other): KeyRing =>
  withKeys(nextEntry(key, { published_at: after(publishedAt) }))
const activatedAt = (moment: UnixSeconds): KeyRing => ({
  ...alone,
  keys: alone.keys.map((key) => ({ ...key, activated_at: moment })),
})

describe('planRotation', () => {
  it.each([
    [0, undefined],
    [6999, undefined],
    [7000, 'publish-next'],
    [7001, 'publish-next'],
    [10_000, 'publish-next'],
    [10_000_000, 'publish-next'],
  ])('publishes the next key publishAhead before the active one ends (after %i s: %s)', (duration, step) => {
    expect(stepOf(alone, duration)).toBe(step)
    expect(plan(alone, duration).at).toBe(after(7000))
  })

  it.each([
    ['on time', 7000, 9999, undefined, 10_000],
    ['on time', 7000, 10_000, 'activate', 10_000],
    ['late', 9000, 11_999, undefined, 12_000],
    ['late', 9000, 12_000, 'activate', 12_000],
    ['early, by hand', 10, 9999, undefined, 10_000],
    ['early, by hand', 10, 10_000, 'activate', 10_000],
  ])(
    'lets a next key that was published %s (after %i s) sign when both times are over (after %i s: %s)',
    (_, publishedAt, duration, step, due) => {
      expect(stepOf(waiting(publishedAt), duration)).toBe(step)
      expect(plan(waiting(publishedAt), duration).at).toBe(after(due))
    },
  )

  it.each([
    ['until before that', 9999, 10_000, 'activate', 10_000],
    ['until just then', 10_000, 10_000, 'activate', 10_000],
    ['until after that', 10_500, 10_499, undefined, 10_500],
    ['until after that', 10_500, 10_500, 'activate', 10_500],
  ])('lets a key that is held %s (%i s) sign at the later moment', (_, until, duration, step, due) => {
    const held = (kid: string) =>
      planRotation(waiting(7000), policy, after(duration), 'RS256', [
        { kid, until: after(until), because: 'of the copy' },
        { kid, until: after(1), because: 'of something else' },
      ])
    const { step: held_step, at, because } = held(keys.rs256Other.kid)
    expect([held_step?.type, at]).toEqual([step, after(due)])
    expect(because === 'of the copy').toBe(due === 10_500)
    expect(held(keys.es256.kid).at).toBe(after(10_000))
  })

  it('holds a key of another kind, too, and makes other steps meanwhile', () => {
    const gone = retiredEntry(keys.es256, { remove_at: after(100) })
    const ring = { ...waiting(0, keys.eddsa), keys: [...waiting(0, keys.eddsa).keys, gone] }
    const holds = [{ kid: keys.eddsa.kid, until: after(4000), because: 'of the copy' }]
    const held = (duration: number) => planRotation(ring, policy, after(duration), 'EdDSA', holds).step?.type
    expect([held(3999), held(4000)]).toEqual(['remove', 'activate'])
  })

  it.each([
    ['until after its time', 5001, 5000, undefined],
    ['until after its time', 5001, 5001, 'remove'],
    ['until before its time', 4999, 4999, undefined],
    ['until before its time', 4999, 5000, 'remove'],
  ])(
    'removes a retired key that is held %s (%i s) at the later moment (after %i s: %s)',
    (_, until, duration, step) => {
      const ring = withKeys(retiredEntry(keys.es256, { remove_at: after(5000) }))
      const holds = [{ kid: keys.es256.kid, until: after(until), because: 'of the clock' }]
      expect(planRotation(ring, policy, after(duration), 'RS256', holds).step?.type).toBe(step)
    },
  )

  it('says which of the two times it waits for', () => {
    expect(plan(waiting(7000), 8000).because).toMatch(/activeFor/)
    expect(plan(waiting(7001), 8000).because).toMatch(/publishAhead/)
  })

  it('names the key, how long the one before is kept, and the kind of key to make', () => {
    expect(plan(waiting(7000), 10_000).step).toEqual({
      ...{ type: 'activate', kid: keys.rs256Other.kid, keepRetired: 5000 },
    })
    expect(plan(alone, 7000, 'RS256').step).toEqual({ type: 'publish-next', specification: 'RS256' })
  })

  it.each([
    [4999, undefined],
    [5000, 'remove'],
    [5001, 'remove'],
  ])('removes a retired key when its time is over (after %i s: %s)', (duration, step) => {
    const ring = withKeys(retiredEntry(keys.eddsa, { remove_at: after(5000) }))
    expect(stepOf(ring, duration)).toBe(step)
  })

  it('removes the oldest first, and never one without a date', () => {
    const legacy = retiredEntry(keys.eddsaOther)
    const ring = withKeys(
      legacy,
      retiredEntry(keys.eddsa, { remove_at: after(60) }),
      retiredEntry(keys.es256, { remove_at: after(50) }),
    )
    expect(plan(ring, 100).step).toEqual({ type: 'remove', kid: keys.es256.kid })
    expect(stepOf(withKeys(legacy), 6999)).toBeUndefined()
  })

  it('looks again when the first of all steps is due', () => {
    const ring = withKeys(
      retiredEntry(keys.eddsa, { remove_at: after(6000) }),
      retiredEntry(keys.es256, { remove_at: after(8000) }),
    )
    expect(plan(ring, 10)).toMatchObject({ at: after(6000) })
    expect(plan(ring, 10).step).toBeUndefined()
    expect(plan(ring, 10).because).toContain(keys.eddsa.kid)
  })

  it('names the rotation when a removal is due at the same moment', () => {
    const ring = withKeys(retiredEntry(keys.eddsa, { remove_at: after(7000) }))
    expect(plan(ring, 10).because).toMatch(/publishAhead/)
  })

  it('moves the rotation on before it removes', () => {
    const leaving = retiredEntry(keys.eddsa, { remove_at: after(50) })
    expect(stepOf(withKeys(leaving), 7000)).toBe('publish-next')
    expect(stepOf({ ...waiting(7000), keys: [...waiting(7000).keys, leaving] }, 10_000)).toBe('activate')
  })

  describe('after a sleep of weeks', () => {
    it('publishes first and waits all of publishAhead before the new key signs', () => {
      const woken = 3_000_000
      expect(stepOf(alone, woken)).toBe('publish-next')
      const published = applyStep(alone, { type: 'publish-next', key: keys.rs256Other }, after(woken))
      expect(stepOf(published, woken)).toBeUndefined()
      expect(stepOf(published, woken + 2999)).toBeUndefined()
      expect(stepOf(published, woken + 3000)).toBe('activate')
    })

    it('lets a key sign that was published long enough before', () => {
      expect(stepOf(waiting(7000), 3_000_000)).toBe('activate')
    })
  })

  describe('with a clock that was put back or a ring dated by one that was ahead', () => {
    it('waits for the dates of the ring, and hastens nothing', () => {
      expect(plan(activatedAt(after(36_000)), 0)).toMatchObject({ at: after(43_000) })
      expect(plan(waiting(36_000), 20_000)).toMatchObject({ at: after(39_000) })
      expect(stepOf(waiting(36_000), 38_999)).toBeUndefined()
    })

    it('makes no key of another kind while the active one is dated in the future', () => {
      const ring = activatedAt(after(36_000))
      expect(plan(ring, 35_999, 'ES256')).toMatchObject({ at: after(36_000) })
      expect(stepOf(ring, 35_999, 'ES256')).toBeUndefined()
      expect(stepOf(ring, 36_000, 'ES256')).toBe('publish-next')
    })

    it('dates a next key that is published by hand no sooner than the active one', () => {
      const ring = applyStep(activatedAt(after(36_000)), { type: 'publish-next', key: keys.es256 }, after(10))
      expect(ring.keys[1]).toMatchObject({ created_at: after(10), published_at: after(36_000) })
    })
  })

  describe('when keys are to be of another kind', () => {
    it('publishes such a key now', () => {
      expect(plan(alone, 10, 'ES256')).toEqual({
        step: { type: 'publish-next', specification: 'ES256' },
        at: after(10),
        because: `keys are to be ES256 now, and key ${keys.rs256.kid} is RS256`,
      })
    })

    it('lets it sign as soon as it was published for publishAhead', () => {
      expect(stepOf(waiting(10, keys.es256), 3009, 'ES256')).toBeUndefined()
      expect(stepOf(waiting(10, keys.es256), 3010, 'ES256')).toBe('activate')
    })

    it('lets a waiting key of the old kind come first in its own time', () => {
      expect(stepOf(waiting(10), 9999, 'ES256')).toBeUndefined()
      expect(stepOf(waiting(10), 10_000, 'ES256')).toBe('activate')
    })

    it('counts a late key as late, whatever its kind', () => {
      expect(plan(alone, 7000, 'ES256')).toMatchObject({ at: after(7000) })
      expect(plan(alone, 7000, 'ES256').because).toMatch(/activeFor/)
      expect(plan(alone, 8000, 'ES256')).toMatchObject({ at: after(7000) })
      expect(plan(alone, 6999, 'ES256')).toMatchObject({ at: after(6999) })
    })

    it.each<[KeySpecification, SigningKeyMaterial, string | undefined]>([
      ['RS256', keys.rs256, undefined],
      ['RS256-3072', keys.rs256, 'publish-next'],
      ['RS256-3072', keys.rs256Long, undefined],
      ['RS256', keys.rs256Long, undefined],
      ['PS256', keys.rs256, 'publish-next'],
      ['EdDSA', keys.eddsa, undefined],
    ])('for %s: algorithm and strength count, a stronger key stays', (specification, key, step) => {
      expect(stepOf(ringOf(key), 10, specification)).toBe(step)
    })
  })
})
