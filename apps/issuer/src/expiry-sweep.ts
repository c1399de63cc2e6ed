import {
  addSeconds,
  ENDED_ASSIGNMENTS_KEPT,
  isIssuerError,
  seconds,
  type Clock,
  type EndedAssignments,
  type SandboxRegistry,
} from '@workload-identity/core'
import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'

/** What {@link createExpirySweep} needs. */
export interface ExpirySweepDependencies {
  readonly sandboxes: Pick<SandboxRegistry, 'removeExpired'>
  readonly ended: Pick<EndedAssignments, 'removeBefore'>
  readonly clock: Clock
  readonly logger: Logger
  readonly everyMs: number
}

/** So few at once that the registry is not kept busy by records nobody can see anyway. */
const MAX_REMOVED_AT_ONCE = 500

/** Deletes the records of expired sandboxes, and notes that nobody is told any more, now and then. They have no effect, so a failure only waits for the next time. */
export function createExpirySweep({
  sandboxes,
  ended,
  clock,
  logger,
  everyMs,
}: ExpirySweepDependencies): PeriodicTask {
  const run = async () => {
    try {
      const now = clock()
      const removed = await sandboxes.removeExpired(now, MAX_REMOVED_AT_ONCE)
      if (removed > 0) logger.debug({ removed }, 'deleted records of expired sandboxes')
      const untold = addSeconds(now, seconds(-ENDED_ASSIGNMENTS_KEPT))
      const forgotten = await ended.removeBefore(untold, MAX_REMOVED_AT_ONCE)
      if (forgotten > 0) logger.debug({ forgotten }, 'deleted notes about assignments that ended long ago')
    } catch (err) {
      const code = isIssuerError(err) ? err.code : undefined
      logger.warn({ err, code }, 'could not delete records of expired sandboxes')
    }
  }
  return createPeriodicTask({ run, everyMs })
}
