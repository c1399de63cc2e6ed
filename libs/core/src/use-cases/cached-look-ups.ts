import { isIssuerError } from '../errors.ts'
import type { UnixSeconds } from '../time.ts'
import {
  judgeReading,
  type ReadableRecord,
  type ReadingPolicy,
  type Readings,
  type Wanted,
} from './record-readings.ts'

/** Where the answer to a look-up came from; `outage`: from memory, because the store could not be reached. */
export type LookUpSource = 'store' | 'cache' | 'outage'

/** Look-ups that remember what the store gave, and changes that make them forget. */
export interface CachedLookUps<T extends ReadableRecord> {
  /** What is wanted, from memory as far as the policy goes, otherwise from the store by `ask`. */
  find(wanted: Wanted, now: UnixSeconds, ask: () => Promise<T | undefined>): Promise<T | undefined>
  /** Makes a change of the records with those IDs; they are forgotten before it and after. */
  changing<R>(ids: readonly string[], change: () => Promise<R>): Promise<R>
}

/** Makes {@link CachedLookUps}. */
export function createCachedLookUps<T extends ReadableRecord>(
  readings: Readings<T>,
  policy: ReadingPolicy,
  onFound: (from: LookUpSource) => void = () => undefined,
): CachedLookUps<T> {
  let turns = 0
  let changes = 0
  return {
    async changing(ids, change) {
      const forget = () => {
        changes += 1
        for (const id of ids) readings.forget(id)
      }
      forget()
      try {
        return await change()
      } finally {
        forget()
      }
    },

    async find(wanted, now, ask) {
      const judged = () => {
        const reading = readings.find(wanted)
        return { reading, worth: reading && judgeReading(reading, wanted, now, policy) }
      }
      const known = judged()
      if (known.worth === 'trusted') {
        onFound('cache')
        return known.reading?.record
      }
      const turn = (turns += 1)
      const changesBefore = changes
      try {
        const record = await ask()
        if (record === undefined) {
          readings.forgetWanted(wanted, turn)
          return undefined
        }
        // An answer that was under way while something changed here may be from before the change.
        if (changes === changesBefore) readings.put({ record, readAt: now }, turn)
        onFound('store')
        return record
      } catch (error) {
        if (isIssuerError(error, 'ERR_REGISTRY_LOST')) readings.forgetWanted(wanted, turn)
        if (!isIssuerError(error, 'ERR_STORE_UNAVAILABLE')) throw error
        // Looked at again: it may have been ended here while the store was silent.
        const last = judged()
        if (last.reading === undefined || last.worth === 'nothing') throw error
        onFound('outage')
        return last.reading.record
      }
    },
  }
}
