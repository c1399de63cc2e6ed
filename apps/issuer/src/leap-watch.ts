import {
  clockHolds,
  CLOCK_TOLERANCE,
  formatDuration,
  seconds,
  watchClock,
  type ActivationHold,
  type Clock,
  type ClockReading,
  type ClockWatch,
  type KeyEntry,
  type KeyRing,
  type RotationPolicy,
  type Seconds,
} from '@workload-identity/core'
import type { Logger } from 'pino'

/** What {@link createLeapWatch} needs. */
export interface LeapWatchDependencies {
  readonly clock: Clock
  /** A clock that nobody sets: seconds since any moment. */
  readonly monotonic: () => Seconds
  readonly ring: () => KeyRing
  readonly policy: Pick<RotationPolicy, 'publishAhead'>
  readonly logger: Logger
}

/** Whether the clock leapt ahead while this process ran. Each question looks at the clocks again. */
export interface LeapWatch {
  /** What the keys wait for while the clock is ahead. */
  holds(): readonly ActivationHold[]
  /** That the clock leapt ahead less than `publishAhead` ago and was not put back, in one sentence. */
  findProblem(): string | undefined
  /** By how much the clock is ahead of what it was; 0 within the tolerance. */
  aheadBy(): Seconds
}

/**
 * Watches the clock from now on, and tells each leap ahead in the log, once. A process that starts while its clock is
 * ahead cannot know; that it is behind shows in a ring with dates that lie in the future, and the log tells that at the start.
 */
export function createLeapWatch({
  clock,
  monotonic,
  ring,
  policy,
  logger,
}: LeapWatchDependencies): LeapWatch {
  const read = (): ClockReading => {
    // The order matters, see `ClockReading`.
    const since = monotonic()
    return { monotonic: since, wall: clock() }
  }
  const start = read()
  let watch: ClockWatch = watchClock(undefined, ring(), start)
  const behindBy = Math.max(...ring().keys.flatMap(datesOf)) - start.wall
  if (behindBy > CLOCK_TOLERANCE) logger.warn({ behind_by: behindBy }, describeBehind(seconds(behindBy)))

  const look = () => {
    const [before, reading, current] = [watch, read(), ring()]
    watch = watchClock(before, current, reading)
    const { aheadBy, leaptAt } = watch
    if (leaptAt !== undefined && leaptAt !== before.leaptAt)
      logger.warn({ ahead_by: aheadBy }, describe(aheadBy))
    if (aheadBy === 0 && before.aheadBy > 0)
      logger.info('the clock is put back to what it was before it leapt')
    return { reading, current }
  }
  return {
    holds() {
      const { reading, current } = look()
      return clockHolds(watch, current, policy, reading)
    },
    findProblem() {
      const { monotonic: now } = look().reading
      const { aheadBy, leaptAt } = watch
      if (leaptAt === undefined || now - leaptAt >= policy.publishAhead) return undefined
      return `clock: ${describe(aheadBy)}`
    },
    aheadBy() {
      look()
      return watch.aheadBy
    },
  }
}

/** When something happened to a key. */
function datesOf({ created_at, published_at, activated_at, retired_at }: KeyEntry): readonly number[] {
  return [created_at, published_at, activated_at ?? 0, retired_at ?? 0]
}

function describeBehind(by: Seconds): string {
  return `the key ring holds a date that is ${formatDuration(by)} ahead: this clock is behind, or the one that dated it was ahead; the next steps of the rotation wait for it; compare the clock with one that is right`
}

function describe(aheadBy: Seconds): string {
  return `the clock leapt ahead by ${formatDuration(aheadBy)}, or the machine slept: keys sign and leave only once this issuer has known them for long enough; compare the clock with one that is right`
}
