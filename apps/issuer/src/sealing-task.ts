import { setImmediate as breathe } from 'node:timers/promises'
import {
  isIssuerError,
  resealKeyRing,
  sealingKey,
  type Clock,
  type ResealRecords,
  type Sealing,
} from '@workload-identity/core'
import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'
import type { SealedStores } from './composition/sealed-stores.ts'

/** What {@link createSealingTask} needs. */
export interface SealingTaskDependencies {
  readonly stores: Pick<SealedStores, 'sealing' | 'encryption' | 'bareKeyStore' | 'createResealers' | 'alarm'>
  readonly clock: Clock
  readonly logger: Logger
  readonly everyMs: number
}

/** Seals the store anew, and how far it is. */
export interface SealingTask extends PeriodicTask {
  /** How many records were left at the end of the last pass; `undefined` before that, and when there is nothing to do. */
  recordsLeft(): number | undefined
}

/** So few at once that others get their turn. */
const PAGE = 100

/** Whether a store may hold anything that is sealed otherwise than it would be today, and that this process may seal. */
export function canReseal({ keys, mode }: Sealing): boolean {
  return keys.length > 1 || mode !== 'strict'
}

/**
 * Goes through ring and registry and seals what is not sealed as configured: with the first key, or not at all. Starts at
 * once and again and again, since replicas that are not restarted yet go on as they were told. A pass that is interrupted
 * leaves what it did; the next one does the rest.
 */
export function createSealingTask(dependencies: SealingTaskDependencies): SealingTask {
  const { stores, clock, logger, everyMs } = dependencies
  const kid = sealingKey(stores.sealing)?.id
  const isOn = canReseal(stores.sealing)
  let left: number | undefined
  let isStopping = false
  // A process before this one may have ended between sealing the plain ring and erasing it.
  let isErasurePending = isOn && stores.sealing.mode === 'adopt'
  let told: number | undefined

  /** What the ring was before it was sealed must not stay in the files of the store. */
  const eraseReplaced = async () => {
    if (!isErasurePending) return
    const places = (await stores.bareKeyStore.eraseReplaced?.()) ?? []
    isErasurePending = places.length > 0
    if (isErasurePending) logger.warn({ left: places }, 'the key ring as it was may be left in the key store')
  }
  const resealAll = async (registry: ResealRecords) => {
    const total = { resealed: 0, left: 0 }
    let after: string | undefined
    do {
      const page = await registry.resealPage(
        { limit: PAGE, ...(after !== undefined && { after }) },
        clock(),
        (err) => {
          logger.debug({ err }, 'a record is left to be sealed anew')
          stores.alarm(err)
        },
      )
      total.resealed += page.resealed
      total.left += page.left
      after = page.next ?? undefined
      // An embedded store answers at once, and requests must get their turn between pages.
      await breathe()
    } while (after !== undefined && !isStopping)
    return total
  }

  const run = async () => {
    try {
      const { ring, isResealed } = await resealKeyRing({
        keyStore: stores.bareKeyStore,
        encryption: stores.encryption,
        clock,
      })
      if (isResealed) {
        isErasurePending = true
        logger.info({ kid: kid ?? null, generation: ring.generation }, 'sealed the key ring anew')
      }
      await eraseReplaced()
      const total = { resealed: 0, left: 0 }
      for (const registry of stores.createResealers(() => ring.registry_id)) {
        const part = await resealAll(registry)
        total.resealed += part.resealed
        total.left += part.left
      }
      if (isStopping) return
      left = total.left
      if (total.resealed > 0 || total.left !== told) {
        const sentence =
          left === 0 ? 'every record is sealed as configured' : 'some records are left to be sealed anew'
        logger[left === 0 ? 'info' : 'warn']({ kid: kid ?? null, ...total }, sentence)
      }
      told = total.left
    } catch (err) {
      const code = isIssuerError(err) ? err.code : undefined
      logger.error({ err, code }, 'could not seal the store anew; this is tried again')
    }
  }
  const task = createPeriodicTask({ run, everyMs })
  return {
    recordsLeft: () => left,
    start() {
      if (!isOn) return
      task.start()
      task.runSoon()
    },
    async stop() {
      isStopping = true
      await task.stop()
    },
    runSoon: task.runSoon,
  }
}
