import { describe, expect, it } from 'vitest'
import { after, keys, retiredEntry, ringOf, START } from '../../test/fixtures.ts'
import { DEFAULT_ROTATION_POLICY } from '../key-ring/rotation-policy.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { createFixedClock } from '../testing/fixed-clock.ts'
import { createPublishKeys } from './publish-keys.ts'

const base = ringOf(keys.rs256)
const leaving: KeyRing = {
  ...base,
  keys: [
    ...base.keys,
    retiredEntry(keys.eddsa, { remove_at: after(1000) }),
    retiredEntry(keys.es256, { remove_at: after(2000) }),
  ],
}

function publishing(start: KeyRing) {
  const clock = createFixedClock(START)
  const state = { ring: start, isFresh: true }
  const publish = createPublishKeys({
    ...{ ring: () => state.ring, isFresh: () => state.isFresh },
    ...{ policy: DEFAULT_ROTATION_POLICY, clock: clock.now },
  })
  const kids = () => publish().jwks.keys.map((key) => key.kid)
  return { clock, state, publish, kids }
}

describe('createPublishKeys', () => {
  it('gives the set and how long it may be kept', () => {
    const { publish } = publishing(base)
    expect(publish()).toEqual({
      jwks: { keys: [{ ...keys.rs256.public, kid: keys.rs256.kid, use: 'sig', alg: 'RS256' }] },
      cache: { maxAge: 3600, staleIfError: 43_200 },
    })
  })

  it('gives the same object as long as the same keys are published', () => {
    const { clock, publish } = publishing(leaving)
    const { jwks } = publish()
    clock.set(after(999))
    expect(publish().jwks).toBe(jwks)
  })

  it('lets keys leave by the clock alone, each at its own moment', () => {
    const { clock, kids } = publishing(leaving)
    const all = [keys.rs256.kid, keys.eddsa.kid, keys.es256.kid]
    expect(kids()).toEqual(all)
    clock.set(after(999))
    expect(kids()).toEqual(all)
    clock.set(after(1000))
    expect(kids()).toEqual([keys.rs256.kid, keys.es256.kid])
    clock.set(after(2000))
    expect(kids()).toEqual([keys.rs256.kid])
    clock.set(START)
    expect(kids()).toEqual(all)
  })

  it('takes over another ring at once, even with as many keys', () => {
    const { state, kids } = publishing(base)
    kids()
    state.ring = ringOf(keys.eddsa)
    expect(kids()).toEqual([keys.eddsa.kid])
  })

  it('shortens the life of the answer before a change', () => {
    const { clock, publish } = publishing(leaving)
    expect(publish().cache.maxAge).toBe(500)
    clock.set(after(998))
    expect(publish().cache.maxAge).toBe(60)
  })

  it('spreads what caches ask by chance, and counts a change of the kind of keys as ahead', () => {
    const options = {
      ring: () => base,
      isFresh: () => true,
      policy: DEFAULT_ROTATION_POLICY,
      clock: () => START,
    }
    const spread = createPublishKeys({ ...options, random: () => 0.5 })
    expect(spread().cache.maxAge).toBe(3420)
    const changing = createPublishKeys({ ...options, specification: 'ES256' })
    expect(changing().cache.maxAge).toBe(60)
  })

  it('lets nobody keep an answer for long, nor use it stale, while its ring may be out of date', () => {
    const { state, publish } = publishing(base)
    state.isFresh = false
    expect(publish().cache).toEqual({ maxAge: 60 })
    state.isFresh = true
    expect(publish().cache).toEqual({ maxAge: 3600, staleIfError: 43_200 })
  })
})
