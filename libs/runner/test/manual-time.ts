import { createFixedClock } from '@workload-identity/core/testing'
import type { StartTimer } from '../src/start-timer.ts'

/** Time that moves only when told: clock, monotonic time and timers together. */
export interface ManualTime {
  readonly clock: ReturnType<typeof createFixedClock>
  readonly monotonicMs: () => number
  readonly startTimer: StartTimer
  /** Moves it, runs what becomes due in its order, and lets what that began go on as far as it can without time. */
  advance(ms: number): Promise<void>
  /** Moves it millisecond by millisecond until the promise is settled, and gives its value or throws its error. */
  until<T>(promise: Promise<T>): Promise<T>
  /** Takes note of work that takes real time, a signature for instance: no time passes before it is done. */
  readonly work: <T>(promise: Promise<T>) => Promise<T>
  /** How many timers wait. */
  timers(): number
}

/** The turns of the event loop that are given to what runs. */
const TURNS = 3

/** Makes {@link ManualTime}. */
export function createManualTime(): ManualTime {
  const clock = createFixedClock()
  let nowMs = 5000
  let waiting: { dueMs: number; run: () => void }[] = []

  const working = new Set<Promise<unknown>>()

  const turns = async () => {
    do {
      await Promise.allSettled(working)
      for (let turn = 0; turn < TURNS; turn += 1) await new Promise(setImmediate)
    } while (working.size > 0)
  }
  const moveTo = (toMs: number) => {
    clock.advance(Math.floor(toMs / 1000) - Math.floor(nowMs / 1000))
    nowMs = toMs
  }
  const advance = async (ms: number) => {
    const endMs = nowMs + ms
    await turns()
    for (;;) {
      const next = waiting.filter(({ dueMs }) => dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined) break
      waiting = waiting.filter((timer) => timer !== next)
      moveTo(Math.max(nowMs, next.dueMs))
      next.run()
      await turns()
    }
    moveTo(endMs)
  }

  return {
    clock,
    monotonicMs: () => nowMs,
    startTimer(run, delayMs) {
      const timer = { dueMs: nowMs + delayMs, run }
      waiting.push(timer)
      return () => void (waiting = waiting.filter((other) => other !== timer))
    },
    advance,
    async until(promise) {
      const outcome: { isSettled?: boolean } = {}
      const settle = () => {
        outcome.isSettled = true
      }
      promise.then(settle, settle)
      for (let steps = 0; steps < 60_000 && outcome.isSettled !== true; steps += 1) await advance(1)
      if (outcome.isSettled !== true) throw new Error('nothing came of it within a minute')
      return promise
    },
    work(promise) {
      working.add(promise)
      const forget = () => void working.delete(promise)
      promise.then(forget, forget)
      return promise
    },
    timers: () => waiting.length,
  }
}
