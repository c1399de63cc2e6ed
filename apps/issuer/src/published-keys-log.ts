import { fingerprintKeys, publishedKeys, type Clock, type KeyRing } from '@workload-identity/core'
import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'

/** What {@link createPublishedKeysLog} needs. */
export interface PublishedKeysLogDependencies {
  readonly ring: () => KeyRing
  readonly clock: Clock
  readonly logger: Logger
  /** Between two looks. */
  readonly everyMs: number
}

/**
 * Logs the fingerprint of the published keys at start and whenever they are others: rotated here or by another replica,
 * merged, or gone by the clock. The lines of all replicas and of a backup can be compared.
 */
export function createPublishedKeysLog({
  ring,
  clock,
  logger,
  everyMs,
}: PublishedKeysLogDependencies): PeriodicTask {
  let latest: string | undefined
  const task = createPeriodicTask({
    async run() {
      const keys = publishedKeys(ring(), clock())
      const fingerprint = await fingerprintKeys(keys)
      if (fingerprint === latest) return
      const facts = { fingerprint, keys: keys.map(({ kid, alg, state }) => ({ kid, alg, state })) }
      if (latest === undefined) logger.info(facts, 'these keys are published')
      else logger.info({ ...facts, previous_fingerprint: latest }, 'other keys are published now')
      latest = fingerprint
    },
    everyMs,
  })
  return {
    ...task,
    start() {
      task.start()
      task.runSoon()
    },
  }
}
