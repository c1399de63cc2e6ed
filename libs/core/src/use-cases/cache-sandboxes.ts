import type { SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import type { UnixSeconds } from '../time.ts'
import { createCachedLookUps, type LookUpSource } from './cached-look-ups.ts'
import { createReadings, type ReadingPolicy } from './record-readings.ts'

/** Where the answer to a look-up of a sandbox came from. */
export type SandboxSource = LookUpSource

/** What a cache of sandboxes is made of. */
export interface CacheSandboxesOptions extends ReadingPolicy {
  readonly sandboxes: SandboxRegistry
  /** About how much memory it may take. */
  readonly maxBytes: number
  /** Told of every sandbox found by its secret, or by `findLiveById`. */
  readonly onFound?: (from: SandboxSource) => void
}

/** A registry that remembers sandboxes, and how many it remembers at the moment. */
export interface CachedSandboxes {
  readonly sandboxes: SandboxRegistry
  /**
   * The live sandbox with that ID, by the same rules as a look-up by secret: for its runner, who asks often. Only one that
   * is assigned to `runnerId` is given from memory; of any other the store is asked, since it may have been moved there.
   * Whoever administers asks the store, by `sandboxes.findById`.
   */
  findLiveById(sandboxId: string, now: UnixSeconds, runnerId: string): Promise<SandboxRecord | undefined>
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
  const { sandboxes: store, maxBytes, storeLag: maxAge, onFound } = options
  const readings = createReadings<SandboxRecord>({
    ...{ idOf: (record) => record.sandbox_id, bytesOf: estimateBytes },
    ...{ maxBytes, maxAge },
  })
  const { find, changing } = createCachedLookUps(readings, options, onFound)
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
    findBySecretHash: (sha256, now) => find({ sha256 }, now, () => store.findBySecretHash(sha256, now)),
  }
  return {
    sandboxes,
    findLiveById: (id, now, runnerId) => find({ id, runnerId }, now, () => store.findById(id, now)),
    size: readings.size,
  }
}

/** About what a record takes in memory: the maps and fixed parts, and its texts, of which few can be long. */
function estimateBytes(record: SandboxRecord): number {
  const { sandbox_id: id, app, runner_id: runner, allowed_audiences, secrets } = record
  const files = (record.token_files ?? []).flatMap(({ name, audience = [] }) => [name, ...[audience].flat()])
  const texts = [id, app, runner ?? '', record.secret_file ?? '', ...(allowed_audiences ?? []), ...files]
  return texts.reduce((sum, text) => sum + 50 + text.length, 500 + 300 * secrets.length)
}
