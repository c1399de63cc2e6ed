import { createFixedClock } from '@workload-identity/core/testing'
import { describe, expect, it } from 'vitest'
import { createForwardTime } from './forward-time.ts'

describe('createForwardTime', () => {
  const setUp = () => {
    const clock = createFixedClock(1000)
    let monotonic = 50
    const now = createForwardTime({ clock: clock.now, monotonicMs: () => monotonic })
    const pass = (ms: number) => (monotonic += ms)
    return { clock, now, pass }
  }

  it('starts at the clock and goes on with the monotonic time', () => {
    const { now, pass } = setUp()
    expect(now()).toBe(1_000_000)
    pass(250)
    expect(now()).toBe(1_000_250)
  })

  it('follows a clock that leaps forward by 2 seconds or more, and not one that is ahead by less', () => {
    const { clock, now, pass } = setUp()
    pass(1)
    clock.advance(2)
    expect(now()).toBe(1_000_001)
    pass(-1)
    expect(now()).toBe(1_002_000)
    clock.advance(3600)
    expect(now()).toBe(4_602_000)
    pass(10)
    expect(now()).toBe(4_602_010)
  })

  it('goes on when the clock is put back', () => {
    const { clock, now, pass } = setUp()
    clock.advance(-900)
    pass(500)
    expect(now()).toBe(1_000_500)
  })
})
