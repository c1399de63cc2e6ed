import { fromMilliseconds, type Clock } from '@workload-identity/core'
import type { StartTimer } from '../start-timer.ts'

/** A time that passes only when told, with its timers. */
export interface VirtualTime {
  readonly clock: Clock
  readonly monotonicMs: () => number
  readonly startTimer: StartTimer
  /** Puts the clock forward or back by whole seconds, as somebody may set it; timers and the monotonic time stay. */
  setClockBy(seconds: number): void
  /**
   * Lets so many milliseconds pass: runs each timer at its moment, and waits for `settle` after each, in which what it began
   * is to come to an end. A timer waits a millisecond at least.
   */
  pass(milliseconds: number, settle?: () => Promise<void>): Promise<void>
}

/** Makes a {@link VirtualTime} that starts at a moment in Unix seconds, by default 2026-01-01T00:00:00Z. */
export function createVirtualTime(start = 1_767_225_600): VirtualTime {
  interface Timer {
    readonly atMs: number
    readonly run: () => void
  }
  let monotonic = 0
  let clockOffset = start * 1000
  const timers = new Set<Timer>()
  const first = () =>
    [...timers].reduce<Timer | undefined>((a, b) => (a === undefined || b.atMs < a.atMs ? b : a), undefined)

  return {
    clock: () => fromMilliseconds(clockOffset + monotonic),
    monotonicMs: () => monotonic,
    startTimer(run, delayMs) {
      const timer = { atMs: monotonic + Math.max(1, delayMs), run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    setClockBy(seconds) {
      clockOffset += seconds * 1000
    },
    async pass(milliseconds, settle = settleShortly) {
      const until = monotonic + milliseconds
      await settle()
      for (let timer = first(); timer !== undefined && timer.atMs <= until; timer = first()) {
        monotonic = Math.max(monotonic, timer.atMs)
        timers.delete(timer)
        timer.run()
        await settle()
      }
      monotonic = until
    },
  }
}

/** Long enough for what waits for nothing outside of the process. */
async function settleShortly(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
