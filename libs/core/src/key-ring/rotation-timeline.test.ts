import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf } from '../../test/fixtures.ts'
import { seconds } from '../time.ts'
import type { KeySpecification } from './algorithms.ts'
import { publishedKeys, activeKey, nextKey, type KeyRing } from './key-ring.ts'
import { planRotation } from './rotation-plan.ts'
import { DEFAULT_ROTATION_POLICY } from './rotation-policy.ts'
import { rotationTimeline } from './rotation-timeline.ts'
import { applyStep } from './transitions.ts'

const policy = {
  ...DEFAULT_ROTATION_POLICY,
  activeFor: seconds(10_000),
  publishAhead: seconds(3000),
  keepRetired: seconds(5000),
}
const alone = ringOf(keys.rs256)
const withKeys = (...entries: KeyRing['keys']): KeyRing => ({ ...alone, keys: [...alone.keys, ...entries] })
const timeline = (ring: KeyRing, duration: number, specification: KeySpecification = 'RS256') =>
  rotationTimeline(ring, policy, after(duration), specification)
const dates = (ring: KeyRing, duration: number, specification?: KeySpecification) =>
  timeline(ring, duration, specification).map(({ change, kid, at }) => [change, kid, at])

const { kid } = keys.rs256
const waiting = withKeys(nextEntry(keys.rs256Other, { published_at: after(7000) }))

describe('rotationTimeline', () => {
  it('tells of a next key that is held when that is over', () => {
    const hold = { kid: keys.rs256Other.kid, until: after(12_000), because: 'of the copy' }
    const held = rotationTimeline(waiting, policy, after(8000), 'RS256', [hold])
    expect(held.map(({ change, at, because }) => [change, at, because === 'of the copy'])).toEqual([
      ['signs', after(12_000), true],
      ['retires', after(12_000), false],
      ['leaves', after(17_000), false],
    ])
  })

  it('gives every date until the active key is gone', () => {
    expect(dates(alone, 100)).toEqual([
      ['published', undefined, after(7000)],
      ['signs', undefined, after(10_000)],
      ['retires', kid, after(10_000)],
      ['leaves', kid, after(15_000)],
    ])
  })

  it('goes on from a next key that waits', () => {
    expect(dates(waiting, 8000)).toEqual([
      ['signs', keys.rs256Other.kid, after(10_000)],
      ['retires', kid, after(10_000)],
      ['leaves', kid, after(15_000)],
    ])
  })

  it('puts what is late at now, and all that follows from it after that', () => {
    expect(dates(alone, 20_000)).toEqual([
      ['published', undefined, after(20_000)],
      ['signs', undefined, after(23_000)],
      ['retires', kid, after(23_000)],
      ['leaves', kid, after(28_000)],
    ])
    expect(timeline(alone, 20_000)[0]?.because).toMatch(/it was due at 2026-01-01T01:56:40Z and is late/)
    expect(timeline(alone, 7000)[0]?.because).not.toMatch(/late/)
    expect(dates(waiting, 12_000)[0]).toEqual(['signs', keys.rs256Other.kid, after(12_000)])
  })

  it('hastens a key of another kind that is wanted', () => {
    expect(dates(alone, 100, 'ES256').slice(0, 2)).toEqual([
      ['published', undefined, after(100)],
      ['signs', undefined, after(3100)],
    ])
  })

  it('tells when retired keys leave, and puts those that stay last', () => {
    const ring = withKeys(retiredEntry(keys.es256), retiredEntry(keys.eddsa, { remove_at: after(500) }))
    const entries = timeline(ring, 100)
    expect(entries[0]).toEqual({
      ...{ change: 'leaves', kid: keys.eddsa.kid, at: after(500) },
      because: expect.stringContaining('it retired at 2026-01-01T00:00:00Z') as string,
    })
    expect(entries.at(-1)).toEqual({
      ...{ change: 'leaves', kid: keys.es256.kid },
      because: 'it has no date: it stays until it is removed by hand',
    })
  })

  it('says for each date what it follows from', () => {
    expect(timeline(alone, 100).map((entry) => entry.because)).toEqual([
      `key ${kid} signs since 2026-01-01T00:00:00Z, for 2h 46m 40s (activeFor), and the key after it is published 50m ahead (publishAhead)`,
      `key ${kid} signs since 2026-01-01T00:00:00Z, for 2h 46m 40s (activeFor)`,
      'the key after it signs from then on',
      'it is kept for 1h 23m 20s after it signed (keepRetired), until its last token is over',
    ])
  })

  it.each([0, 6999, 8000, 20_000])('is what the planner then does (from %i s on)', (start) => {
    let ring = alone
    const seen: unknown[] = []
    for (let duration = start; duration < 40_000 && seen.length < 4; duration += 1) {
      const now = after(duration)
      const { step } = planRotation(ring, policy, now, 'RS256')
      if (step === undefined) continue
      if (step.type === 'publish-next') {
        ring = applyStep(ring, { type: 'publish-next', key: keys.rs256Other }, now)
        seen.push(['published', undefined, now])
      } else {
        ring = applyStep(ring, step, now)
        if (step.type === 'activate') seen.push(['signs', undefined, now], ['retires', kid, now])
        else seen.push(['leaves', step.kid, now])
      }
      expect(publishedKeys(ring, now)).toContain(nextKey(ring) ?? activeKey(ring))
    }
    expect(dates(alone, start)).toEqual(seen)
  })
})
