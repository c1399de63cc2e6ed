import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refreshWindow, retryDelayMs } from './refresh-times.ts'

const seed = 20_260_101
const fractions = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('refreshWindow', () => {
  it.each([
    [60_000, 27_000, 27_600],
    [750_000, 337_500, 345_000],
    [1_500_000, 675_000, 720_000],
    [3_600_000, 1_620_000, 1_728_000],
    [86_400_000, 38_880_000, 41_472_000],
  ])('is, for a life of %i ms, from %i to %i ms', (life, fromMs, untilMs) => {
    const window = refreshWindow(life)
    expect(window.fromMs).toBeCloseTo(fromMs, 3)
    expect(window.untilMs).toBeCloseTo(untilMs, 3)
  })

  it('lies within 10 % of the half of any life, and before it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60_000, max: 86_400_000 }), (life) => {
        const { fromMs, untilMs } = refreshWindow(life)
        expect(fromMs).toBeGreaterThanOrEqual(0.45 * life)
        expect(untilMs).toBeGreaterThan(fromMs)
        // What an outage of half a life leaves.
        expect(life - untilMs - life / 2).toBeGreaterThanOrEqual(2400 - 1e-6)
      }),
      { seed },
    )
  })
})

describe('retryDelayMs', () => {
  it.each([
    [1, 1000, 1500],
    [2, 2000, 3000],
    [3, 4000, 6000],
    [5, 16_000, 24_000],
    [6, 20_000, 30_000],
    [2000, 20_000, 30_000],
  ])('backs off: after failure %i for %i to %i ms', (failures, least, most) => {
    expect(retryDelayMs(failures, 0, () => 0)).toBe(most)
    expect(retryDelayMs(failures, 3_600_000, () => 0.999_999_9)).toBeCloseTo(least, 1)
  })

  it('asks at least every fifth of what remains of the last good token, and not more often than every second', () => {
    expect(retryDelayMs(9, 100_000, () => 0)).toBe(20_000)
    expect(retryDelayMs(9, 5000, () => 0)).toBe(1500)
    expect(retryDelayMs(9, 1, () => 0)).toBe(1500)
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: -1000, max: 90_000_000 }),
        fractions,
        (failures, remaining, random) => {
          const delay = retryDelayMs(failures, remaining, () => random)
          expect(delay).toBeGreaterThanOrEqual(1000)
          expect(delay).toBeLessThanOrEqual(30_000)
          if (remaining > 7500) expect(delay).toBeLessThanOrEqual(remaining / 5)
        },
      ),
      { seed },
    )
  })
})
