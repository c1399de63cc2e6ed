import { isIssuerError } from '../errors.ts'
import type { SandboxRegistry } from '../ports/sandbox-registry.ts'
import { createSandboxReadings, judgeSandboxReading, type SandboxReadingPolicy } from './sandbox-readings.ts'

/** Where the answer to a look-up by secret came from; `outage`: from memory, because the store could not be reached. */
export type SandboxSource = 'store' | 'cache' | 'outage'

/** What a cache of sandboxes is made of. */
export interface CacheSandboxesOptions extends SandboxReadingPolicy {
  readonly sandboxes: SandboxRegistry
  /** About how much memory it may take. */
  readonly maxBytes: number
  /** Told of every sandbox found by its secret. */
  readonly onFound?: (from: SandboxSource) => void
}

/** A registry that remembers sandboxes, and how many it remembers at the moment. */
export interface CachedSandboxes {
  readonly sandboxes: SandboxRegistry
  size(): number
}

/**
 * The same registry, with look-ups by secret answered from memory for `trustedFor` after a sandbox was read, and for
 * `storeLag` while the store cannot be reached (`ERR_STORE_UNAVAILABLE`). Being answered so does not extend either. Only
 * sandboxes that the store gave are remembered, never that there is none: an unknown secret is always the store's to
 * judge. All other operations go to the store.
 *
 * What is changed or ended through this registry counts here at once, also when the store fails in the middle of it or
 * afterwards: what was remembered of the sandbox is forgotten before the store is told and after.
 */
export function cacheSandboxes(options: CacheSandboxesOptions): CachedSandboxes {
  const { sandboxes: store, onFound } = options
  const readings = createSandboxReadings(options.maxBytes, options.storeLag)
  let turns = 0
  let changes = 0

  const changing = async <T>(sandboxIds: readonly string[], change: () => Promise<T>): Promise<T> => {
    const forget = () => {
      changes += 1
      for (const sandboxId of sandboxIds) readings.forget(sandboxId)
    }
    forget()
    try {
      return await change()
    } finally {
      forget()
    }
  }

  const sandboxes: SandboxRegistry = {
    ...store,
    register: (record, now) => changing([record.sandbox_id], () => store.register(record, now)),
    registerAll: (records, now) =>
      changing(
        records.map((record) => record.sandbox_id),
        () => store.registerAll(records, now),
      ),
    replace: (record, now) => changing([record.sandbox_id], () => store.replace(record, now)),
    end: (sandboxId, now) => changing([sandboxId], () => store.end(sandboxId, now)),

    async findBySecretHash(sha256, now) {
      const judged = () => {
        const reading = readings.find(sha256)
        return { reading, worth: reading && judgeSandboxReading(reading, sha256, now, options) }
      }
      const known = judged()
      if (known.worth === 'trusted') {
        onFound?.('cache')
        return known.reading?.record
      }
      const turn = (turns += 1)
      const changesBefore = changes
      try {
        const record = await store.findBySecretHash(sha256, now)
        if (record === undefined) {
          readings.forgetSecret(sha256, turn)
          return undefined
        }
        // An answer that was under way while something changed here may be from before the change.
        if (changes === changesBefore) readings.put({ record, readAt: now }, turn)
        onFound?.('store')
        return record
      } catch (error) {
        if (isIssuerError(error, 'ERR_REGISTRY_LOST')) readings.forgetSecret(sha256, turn)
        if (!isIssuerError(error, 'ERR_STORE_UNAVAILABLE')) throw error
        // Looked at again: the sandbox may have been ended here while the store was silent.
        const last = judged()
        if (last.reading === undefined || last.worth === 'nothing') throw error
        onFound?.('outage')
        return last.reading.record
      }
    },
  }
  return { sandboxes, size: readings.size }
}
