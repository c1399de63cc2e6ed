import {
  addSeconds,
  isIssuerError,
  type KeyRing,
  type KeyStore,
  type Seconds,
  type UnixSeconds,
} from '@workload-identity/core'
import { createPeriodicTask, type PeriodicTask } from '@workload-identity/service'
import type { Logger } from 'pino'

/** What {@link createReplacedRings} needs. */
export interface ReplacedRingsDependencies {
  readonly keyStore: KeyStore
  readonly logger: Logger
  /** Whether a process before this one may have left something: it ended between a save and what follows it. */
  readonly startsPending: boolean
  /** Between two attempts while something is left; longer and longer while it is the same. */
  readonly everyMs: number
}

/** The longest time between two attempts, in pauses: a server is not made to write its files anew every minute. */
const MAX_PAUSES = 64

/** What earlier saves replaced, and its end. */
export interface ReplacedRings {
  /** The store, every save of which is followed by the erasure of what it replaced. */
  readonly keyStore: KeyStore
  readonly task: PeriodicTask
  /** Whether there may be something left. */
  isPending(): boolean
}

/**
 * Whether the store may hold private halves that a save before the start replaced: a key retired, or left the ring, and
 * the process that saved that may have ended before it erased them. Pure.
 *
 * @param keepRetired for how long after a key left each start makes sure.
 */
export function mayHoldReplaced(ring: KeyRing, keepRetired: Seconds, now: UnixSeconds): boolean {
  return (
    ring.keys.some((key) => key.state === 'retired') ||
    ring.history.some((entry) => now < addSeconds(entry.ended_at, keepRetired))
  )
}

/**
 * Has the store erase what saves replace, since that may hold private halves of keys that signed before. What it cannot
 * erase is logged as a warning that says what to do, once, and tried again until nothing is left: ever more rarely, as
 * some of it may be out of the store's reach, until the next save.
 */
export function createReplacedRings(dependencies: ReplacedRingsDependencies): ReplacedRings {
  const { keyStore, logger, everyMs } = dependencies
  /** How many saves left something, and how many of those that was erased after. */
  let [saves, erased] = [dependencies.startsPending ? 1 : 0, 0]
  let told = ''
  /** How often in a row the same was left, and how many pauses pass without an attempt because of it. */
  let repeats = 0
  let idlePauses = 0

  const isPending = () => keyStore.eraseReplaced !== undefined && erased < saves
  const erase = async () => {
    if (!isPending()) return
    if (idlePauses > 0) {
      idlePauses -= 1
      return
    }
    // A save in between leaves something of its own.
    const before = saves
    const left = await attempt()
    if (left.length === 0) {
      erased = before
      if (told !== '') logger.info('what was left of replaced key rings is erased')
      told = ''
      return
    }
    const problem = left.join('\n')
    repeats = problem === told ? repeats + 1 : 0
    // Not when somebody saved meanwhile: that is tried at once.
    if (saves === before) idlePauses = Math.max(1, Math.min(2 ** (repeats - 1), MAX_PAUSES)) - 1
    if (problem !== told) {
      logger.warn({ left }, 'private halves of keys that were replaced may be left in the key store')
    }
    told = problem
  }
  const attempt = async (): Promise<readonly string[]> => {
    try {
      return (await keyStore.eraseReplaced?.()) ?? []
    } catch (error) {
      const code = isIssuerError(error) ? error.code : 'unexpected error'
      return [`the store could not be asked to erase them (${code}); this is tried again`]
    }
  }
  const task = createPeriodicTask({ run: erase, everyMs })
  const eraseSoon = () => {
    saves += 1
    repeats = 0
    idlePauses = 0
    task.runSoon()
  }
  return {
    keyStore: {
      ...keyStore,
      async save(ring, expected) {
        try {
          await keyStore.save(ring, expected)
        } catch (error) {
          // Only then it is known that nothing was saved.
          if (!isIssuerError(error, 'ERR_STORE_CONFLICT')) eraseSoon()
          throw error
        }
        eraseSoon()
      },
    },
    task,
    isPending,
  }
}
