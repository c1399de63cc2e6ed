import type { RunnerRecord, RunnerRegistry } from '../ports/runner-registry.ts'
import { createCachedLookUps, type LookUpSource } from './cached-look-ups.ts'
import { createReadings, type ReadingPolicy } from './record-readings.ts'

/** What a cache of runners is made of. */
export interface CacheRunnersOptions extends ReadingPolicy {
  readonly runners: RunnerRegistry
  /** About how much memory it may take. */
  readonly maxBytes: number
  /** Told of every runner found. */
  readonly onFound?: (from: LookUpSource) => void
}

/** A registry that remembers runners, and how many it remembers at the moment. */
export interface CachedRunners {
  readonly runners: RunnerRegistry
  size(): number
}

/**
 * The same registry, with look-ups by secret and by ID answered from memory for `trustedFor` after a runner was read, and
 * for `storeLag` while the store cannot be reached (`ERR_STORE_UNAVAILABLE`). Being answered so does not extend either.
 * Only runners that the store gave are remembered, never that there is none. All other operations go to the store.
 *
 * What is changed or ended through this registry counts here at once, also when the store fails in the middle of it or
 * afterwards: what was remembered of the runner is forgotten before the store is told and after.
 */
export function cacheRunners(options: CacheRunnersOptions): CachedRunners {
  const { runners: store, maxBytes, storeLag: maxAge, onFound } = options
  const readings = createReadings<RunnerRecord>({
    ...{ idOf: (record) => record.runner_id, bytesOf: estimateBytes },
    ...{ maxBytes, maxAge },
  })
  const { find, changing } = createCachedLookUps(readings, options, onFound)
  const runners: RunnerRegistry = {
    ...store,
    register: (record, now) => changing([record.runner_id], () => store.register(record, now)),
    replace: (record, now) => changing([record.runner_id], () => store.replace(record, now)),
    end: (runnerId, now) => changing([runnerId], () => store.end(runnerId, now)),
    findById: (id, now) => find({ id }, now, () => store.findById(id, now)),
    findBySecretHash: (sha256, now) => find({ sha256 }, now, () => store.findBySecretHash(sha256, now)),
  }
  return { runners, size: readings.size }
}

/** About what a record takes in memory: the maps and fixed parts, and its texts. */
function estimateBytes({ runner_id: id, token_url = '', token_dir = '', secrets }: RunnerRecord): number {
  return [id, token_url, token_dir].reduce((sum, text) => sum + 50 + text.length, 500 + 300 * secrets.length)
}
