import { describe, expect, it } from 'vitest'
import { addSeconds, formatMoment, fromMilliseconds, seconds, unixSeconds } from './time.ts'

describe('seconds', () => {
  it.each([0, 1, -1, Number.MAX_SAFE_INTEGER])('accepts %d', (value) => {
    expect(seconds(value)).toBe(value)
  })
  it.each([0.5, Number.NaN, Infinity, 2 ** 53])('refuses %d with a RangeError', (value) => {
    expect(() => seconds(value)).toThrow(RangeError)
  })
})

describe('unixSeconds', () => {
  it.each([0, 1, 1_767_225_600])('accepts %d', (value) => {
    expect(unixSeconds(value)).toBe(value)
  })
  it.each([-1, 1.5, Number.NaN, Infinity])('refuses %d with a RangeError', (value) => {
    expect(() => unixSeconds(value)).toThrow(RangeError)
  })
})

describe('fromMilliseconds', () => {
  it.each([
    [0, 0],
    [999, 0],
    [1000, 1],
    [1_767_225_600_999, 1_767_225_600],
  ])('rounds %i ms down to %i s', (milliseconds, expected) => {
    expect(fromMilliseconds(milliseconds)).toBe(expected)
  })
})

describe('addSeconds', () => {
  it.each([
    [100, 20, 120],
    [100, -100, 0],
    [100, -101, 0],
    [100, -99, 1],
  ])('moves %i by %i to %i, never before 1970', (moment, duration, expected) => {
    expect(addSeconds(unixSeconds(moment), seconds(duration))).toBe(expected)
  })
})

describe('formatMoment', () => {
  it('writes RFC 3339 in UTC without fractions', () => {
    expect(formatMoment(unixSeconds(1_767_225_600))).toBe('2026-01-01T00:00:00Z')
  })
})
