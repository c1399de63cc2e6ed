import { isIssuerError, type FollowedKeyRing, type RingRepair } from '@workload-identity/core'
import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'

/** What {@link createRingRefreshLoop} needs. */
export interface RingRefreshDependencies {
  readonly keyRing: Pick<FollowedKeyRing, 'ring' | 'refresh'>
  readonly logger: Logger
  /** Called when the store had lost something and got it back. */
  readonly onRepaired: (repair: RingRepair) => void
  /** Between two reads; with the time a read takes, less than the 10 s in which a change must be noticed. */
  readonly everyMs: number
}

const repairSentences: Readonly<Record<RingRepair['found'], string>> = {
  emptied: 'the key store was emptied: wrote the key ring back; find out what emptied it',
  older:
    'the key store went back in time: gave it the key ring in use back; find out what restored the older one',
  diverged: 'the key store held a key ring that lacked keys or revocations known here: saved both merged',
  'other-lineage':
    'the key store held another key ring of this cluster: saved both merged; find out who made it',
}

/**
 * Reads the ring again and again, so that what others change takes effect here and a store that lost the ring gets it
 * back. The log tells each change of state once, and every repair.
 */
export function createRingRefreshLoop(dependencies: RingRefreshDependencies): PeriodicTask {
  const { keyRing, logger, onRepaired, everyMs } = dependencies
  let problem: string | undefined
  const run = async () => {
    const before = keyRing.ring().generation
    try {
      const refresh = await keyRing.refresh()
      if ('found' in refresh) {
        logger.error({ ...refresh }, repairSentences[refresh.found])
        onRepaired(refresh)
      }
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
