import { describe, expect, it } from 'vitest'
import { createFixedClock } from './fixed-clock.ts'

describe('createFixedClock', () => {
  it('moves only when told', () => {
    const clock = createFixedClock(100)
    expect([clock.now(), clock.now()]).toEqual([100, 100])
    clock.advance(5)
    expect(clock.now()).toBe(105)
    clock.advance(-10)
    expect(clock.now()).toBe(95)
    clock.set(7)
    expect(clock.now()).toBe(7)
  })

  it('starts at 2026-01-01 unless told otherwise', () => {
    expect(createFixedClock().now()).toBe(1_767_225_600)
  })

  it('knows whole seconds only', () => {
    expect(() => createFixedClock(0.5)).toThrow(RangeError)
    expect(() => createFixedClock().advance(0.5)).toThrow(RangeError)
  })
})
