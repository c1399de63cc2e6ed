import { addSeconds, formatDuration, seconds, type Seconds, type UnixSeconds } from '../time.ts'
import type { KeyRing } from './key-ring.ts'
import type { ActivationHold } from './rotation-plan.ts'
import { CLOCK_TOLERANCE, type RotationPolicy } from './rotation-policy.ts'

/** Two clocks read at once. Read the monotonic one first: what happens in between then looks like a leap, never hides one. */
export interface ClockReading {
  /** The time of day, which somebody may set. */
  readonly wall: UnixSeconds
  /** Seconds since any moment, by a clock that nobody sets. It may stand still while the machine sleeps. */
  readonly monotonic: Seconds
}

/** What a process knows of its clock and its keys by having watched them. */
export interface ClockWatch {
  /** The wall clock minus the monotonic one, the least that was seen. */
  readonly leastOffset: Seconds
  /** By how much the wall clock is ahead of that now; 0 within `CLOCK_TOLERANCE`. */
  readonly aheadBy: Seconds
  /** When it leapt last, by the monotonic clock; absent while it is not ahead. */
  readonly leaptAt?: Seconds
  /** Since when each key is known in the state in which it is, by the monotonic clock. */
  readonly knownSince: ReadonlyMap<string, Seconds>
}

/**
 * What is known after one more look at the clocks and the ring. Pure.
 *
 * The wall clock is ahead when it went on by more than `CLOCK_TOLERANCE` more than the monotonic one since `before`
 * began, and for as long as it is not put back. A machine that slept looks the same.
 *
 * @param before what was known until now; absent at the first look, which trusts the clock.
 */
export function watchClock(
  before: ClockWatch | undefined,
  ring: KeyRing,
  { wall, monotonic }: ClockReading,
): ClockWatch {
  const offset = seconds(wall - monotonic)
  const leastOffset = seconds(Math.min(before?.leastOffset ?? offset, offset))
  const gained = seconds(offset - leastOffset)
  const aheadBy = gained > CLOCK_TOLERANCE ? gained : seconds(0)
  const hasLeapt = aheadBy - (before?.aheadBy ?? 0) > CLOCK_TOLERANCE
  const leaptAt = hasLeapt ? monotonic : before?.leaptAt
  const knownSince = new Map(
    ring.keys.map(({ kid, state }) => {
      const name = nameKey(kid, state)
      return [name, before?.knownSince.get(name) ?? monotonic]
    }),
  )
  return { leastOffset, aheadBy, ...(aheadBy > 0 && leaptAt !== undefined && { leaptAt }), knownSince }
}

/**
 * What the keys wait for while the clock is ahead: nobody can tell by it how long they were published or retired, so the
 * process goes by how long it has known them itself. The next key waits until that is `publishAhead`, a retired
 * one until it is the time for which it is kept. Empty while the clock is not ahead. Pure.
 *
 * @param watch made from the same ring and reading.
 */
export function clockHolds(
  { aheadBy, knownSince }: ClockWatch,
  ring: KeyRing,
  { publishAhead }: Pick<RotationPolicy, 'publishAhead'>,
  { wall, monotonic }: ClockReading,
): readonly ActivationHold[] {
  if (aheadBy === 0) return []
  return ring.keys.flatMap(({ kid, state, retired_at: retiredAt, remove_at: removeAt }) => {
    const isLeaving = retiredAt !== undefined && removeAt !== undefined
    const wait = state === 'next' ? publishAhead : isLeaving ? removeAt - retiredAt : undefined
    if (wait === undefined) return []
    const left = (knownSince.get(nameKey(kid, state)) ?? monotonic) + wait - monotonic
    if (left <= 0) return []
    const because = `the clock leapt ahead by ${formatDuration(aheadBy)}, and this issuer has not known key ${kid} as ${state} for ${formatDuration(seconds(wait))} yet`
    return [{ kid, until: addSeconds(wall, seconds(left)), because }]
  })
}

function nameKey(kid: string, state: string): string {
  return `${state} ${kid}`
}
