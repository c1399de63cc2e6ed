import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { after, keys, nextEntry, retiredEntry, ringOf } from '../../test/fixtures.ts'
import { seconds, unixSeconds } from '../time.ts'
import { clockHolds, watchClock, type ClockReading, type ClockWatch } from './clock-watch.ts'
import type { KeyRing } from './key-ring.ts'

const policy = { publishAhead: seconds(3000) }
const alone = ringOf(keys.eddsa)
const waiting: KeyRing = { ...alone, keys: [...alone.keys, nextEntry(keys.eddsaOther)] }
const leaving: KeyRing = {
  ...alone,
  keys: [
    ...alone.keys,
    retiredEntry(keys.es256, { retired_at: after(0), remove_at: after(5000) }),
    // A legacy key, which stays until it is removed by hand.
    retiredEntry(keys.rs256, { origin: 'adopted' }),
  ],
}
/** The clocks after so many seconds, when the wall clock is ahead by some. */
const reading = (elapsed: number, ahead = 0): ClockReading => ({
  wall: after(elapsed + ahead),
  monotonic: seconds(70 + elapsed),
})
/** What is known after looking at the same ring at each of these moments. */
const watchAt = (ring: KeyRing, ...looks: readonly (readonly [elapsed: number, ahead: number])[]) =>
  looks.reduce<ClockWatch | undefined>(
    (watch, [elapsed, ahead]) => watchClock(watch, ring, reading(elapsed, ahead)),
    undefined,
  ) as ClockWatch
const holdsAt = (ring: KeyRing, watch: ClockWatch, elapsed: number, ahead: number) => {
  const now = watchClock(watch, ring, reading(elapsed, ahead))
  return clockHolds(now, ring, policy, reading(elapsed, ahead)).map(({ kid, until }) => ({ kid, until }))
}

describe('watchClock', () => {
  it.each([
    ['as much as the tolerance', 60, 0, undefined],
    ['a second more', 61, 61, 170],
    ['hours', 18_000, 18_000, 170],
  ])('notices a clock that leaps ahead by more than the tolerance: %s', (_, ahead, aheadBy, leaptAt) => {
    const watch = watchAt(alone, [0, 0], [100, ahead])
    expect([watch.aheadBy, watch.leaptAt]).toEqual([aheadBy, leaptAt])
  })

  it('adds up small leaps, and tells when the last one was that mattered', () => {
    const looks = [
      [0, 0],
      [100, 40],
      [200, 80],
      [300, 130],
      [400, 191],
    ] as const
    expect(looks.map((_, index) => watchAt(alone, ...looks.slice(0, index + 1)).leaptAt)).toEqual([
      ...[undefined, undefined, 270, 270, 470],
    ])
  })

  it.each([
    ['to within the tolerance', 60, 0, undefined],
    ['not quite', 61, 61, 170],
    ['to before what it was', -9000, 0, undefined],
  ])('stays ahead until it is put back: %s', (_, ahead, aheadBy, leaptAt) => {
    const watch = watchAt(alone, [0, 0], [100, 18_000], [1_000_000, 18_000], [1_000_001, ahead])
    expect([watch.aheadBy, watch.leaptAt]).toEqual([aheadBy, leaptAt])
  })

  it('takes a clock that was put back and forth for one that leapt, since it cannot tell which was right', () => {
    expect(watchAt(alone, [0, 0], [100, -7200], [200, 0]).aheadBy).toBe(7200)
  })

  it('forgets keys that are gone, and begins anew with a key whose state has changed', () => {
    const first = watchAt(waiting, [0, 0])
    const promoted: KeyRing = {
      ...alone,
      keys: [{ ...nextEntry(keys.eddsaOther), state: 'active' }, retiredEntry(keys.eddsa)],
    }
    expect([...watchClock(first, promoted, reading(50)).knownSince]).toEqual([
      [`active ${keys.eddsaOther.kid}`, 120],
      [`retired ${keys.eddsa.kid}`, 120],
    ])
  })
})

describe('clockHolds', () => {
  it('holds nothing while the clock is not ahead', () => {
    expect(holdsAt(waiting, watchAt(waiting, [0, 0]), 10, 60)).toEqual([])
    expect(holdsAt(leaving, watchAt(leaving, [0, 0], [5, 9000]), 10, 0)).toEqual([])
  })

  it.each([
    ['a next key for publishAhead', waiting, keys.eddsaOther.kid, 3000],
    ['a retired key for as long as it is kept', leaving, keys.es256.kid, 5000],
  ])('holds %s since it was known, leaps or not', (_, ring, kid, wait) => {
    const watch = watchAt(ring, [0, 0], [100, 0], [101, 18_000])
    expect(holdsAt(ring, watch, 101, 18_000)).toEqual([{ kid, until: after(18_000 + wait) }])
    expect(holdsAt(ring, watch, wait - 1, 18_000)).toEqual([{ kid, until: after(18_000 + wait) }])
    expect(holdsAt(ring, watch, wait, 18_000)).toEqual([])
  })

  it('holds a key that comes long after the leap, too', () => {
    const watch = watchAt(alone, [0, 0], [100, 18_000], [900_000, 18_000])
    const come = watchClock(watch, waiting, reading(900_010, 18_000))
    expect(holdsAt(waiting, come, 900_020, 18_000)).toEqual([
      { kid: keys.eddsaOther.kid, until: after(900_010 + 18_000 + 3000) },
    ])
  })

  it('lets a key act by a clock that is ahead only once it was known for long enough, whatever the clock did', () => {
    const look = fc.record({ pause: fc.nat(2000), ahead: fc.integer({ min: -20_000, max: 20_000 }) })
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 12 }), (looks) => {
        let watch = watchClock(undefined, waiting, reading(30_000))
        let [elapsed, least] = [0, 0]
        for (const { pause, ahead } of looks) {
          elapsed += pause
          least = Math.min(least, ahead)
          const now = reading(30_000 + elapsed, ahead)
          watch = watchClock(watch, waiting, now)
          const until = clockHolds(watch, waiting, policy, now)[0]?.until ?? unixSeconds(0)
          const isHeld = now.wall < until
          expect(isHeld).toBe(ahead - least > 60 && elapsed < 3000)
        }
      }),
      { numRuns: 300, seed: 20_260_101 },
    )
  })
})
