import type { Clock } from '@workload-identity/core'

/** What {@link createForwardTime} needs. */
export interface ForwardTimeOptions {
  readonly clock: Clock
  /** Milliseconds since any moment, which no change of the clock moves. */
  readonly monotonicMs: () => number
}

// The clock gives whole seconds, so that it may be ahead by nearly one without having leapt.
const LEAP_MS = 2000

/**
 * A time in milliseconds that never goes back: it goes on as the monotonic time does, and forward with the clock when that
 * leaps (after a machine slept, for instance, which the monotonic time does not count). A clock that is put back changes
 * nothing, so what was due in an hour is due in an hour at the latest.
 */
export function createForwardTime({ clock, monotonicMs }: ForwardTimeOptions): () => number {
  let base = clock() * 1000 - monotonicMs()
  return () => {
    const now = base + monotonicMs()
    const leap = clock() * 1000 - now
    if (leap < LEAP_MS) return now
    base += leap
    return now + leap
  }
}
