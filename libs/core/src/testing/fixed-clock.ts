import { addSeconds, seconds, unixSeconds, type Clock } from '../time.ts'

/** A clock that moves only when told. */
export interface FixedClock {
  readonly now: Clock
  /** Moves it by whole seconds, also backwards. */
  advance(by: number): void
  /** Puts it to a moment in Unix seconds. */
  set(moment: number): void
}

/** A {@link FixedClock} that starts at `moment`, by default 2026-01-01T00:00:00Z. */
export function createFixedClock(moment = 1_767_225_600): FixedClock {
  let current = unixSeconds(moment)
  return {
    now: () => current,
    advance(by) {
      current = addSeconds(current, seconds(by))
    },
    set(to) {
      current = unixSeconds(to)
    },
  }
}
