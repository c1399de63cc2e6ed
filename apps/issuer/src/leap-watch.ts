import {
  clockHolds,
  formatDuration,
  watchClock,
  type ActivationHold,
  type Clock,
  type ClockReading,
  type ClockWatch,
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
 * ahead cannot know.
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
  let watch: ClockWatch = watchClock(undefined, ring(), read())

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

function describe(aheadBy: Seconds): string {
  return `the clock leapt ahead by ${formatDuration(aheadBy)}, or the machine slept: keys sign and leave only once this issuer has known them for long enough; compare the clock with one that is right`
}
