import { isIssuerError, type FollowedKeyRing } from '@workload-identity/core'
import type { Logger } from 'pino'
import { createPeriodicTask, type PeriodicTask } from './periodic-task.ts'

/** What {@link createRingRefreshLoop} needs. */
export interface RingRefreshDependencies {
  readonly keyRing: Pick<FollowedKeyRing, 'ring' | 'refresh'>
  readonly logger: Logger
  /** Between two reads; with the time a read takes, less than the 10 s in which a change must be noticed. */
  readonly everyMs: number
}

/** Reads the ring again and again, so that what others change takes effect here. The log tells each change of state once. */
export function createRingRefreshLoop({ keyRing, logger, everyMs }: RingRefreshDependencies): PeriodicTask {
  let problem: string | undefined
  const run = async () => {
    const before = keyRing.ring().generation
    try {
      await keyRing.refresh()
    } catch (err) {
      const code = isIssuerError(err) ? err.code : 'unexpected'
      if (problem !== code) logger.error({ err }, 'the key ring cannot be read again; the one in use stays')
      problem = code
      return
    }
    const { generation } = keyRing.ring()
    if (problem !== undefined) logger.info({ generation }, 'the key ring can be read again')
    problem = undefined
    if (generation !== before) logger.info({ generation }, 'took over a changed key ring')
  }
  return createPeriodicTask({ run, everyMs })
}
