import { isIssuerError, type Clock, type SandboxRegistry } from '@workload-identity/core'
import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'

/** What {@link createExpirySweep} needs. */
export interface ExpirySweepDependencies {
  readonly sandboxes: Pick<SandboxRegistry, 'removeExpired'>
  readonly clock: Clock
  readonly logger: Logger
  readonly everyMs: number
}

/** So few at once that the registry is not kept busy by records nobody can see anyway. */
const MAX_REMOVED_AT_ONCE = 500

/** Deletes the records of expired sandboxes now and then. They have no effect, so a failure only waits for the next time. */
export function createExpirySweep({
  sandboxes,
  clock,
  logger,
  everyMs,
}: ExpirySweepDependencies): PeriodicTask {
  const run = async () => {
    try {
      const removed = await sandboxes.removeExpired(clock(), MAX_REMOVED_AT_ONCE)
      if (removed > 0) logger.debug({ removed }, 'deleted records of expired sandboxes')
    } catch (err) {
      const code = isIssuerError(err) ? err.code : undefined
      logger.warn({ err, code }, 'could not delete records of expired sandboxes')
    }
  }
  return createPeriodicTask({ run, everyMs })
}
