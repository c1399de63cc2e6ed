import type { RegistrationOutcome, SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import type { PageQuery, RegistryPage } from '../ports/registry.ts'
import type { RunnerRecord, RunnerRegistry } from '../ports/runner-registry.ts'
import type { UnixSeconds } from '../time.ts'
import { createRecordSeal, type RecordPlace } from './record-seal.ts'
import { createSealedTable, type SealableRecord, type SealedTable } from './sealed-table.ts'
import type { Sealing } from './sealing-mode.ts'
import { createSeenRecords } from './seen-records.ts'

/** What sealing a registry needs. */
export interface SealRegistryOptions {
  readonly sealing: Sealing
  readonly clusterId: string
  /** The registry ID that the key ring records; asked at every operation. */
  readonly registryId: () => string
}

/** What a page of re-sealing came to. */
export interface ResealedPage {
  /** Records on the page. */
  readonly seen: number
  /** Those of them that were sealed anew. */
  readonly resealed: number
  /** Those that could not be: somebody changed them at the same moment, or they are refused. */
  readonly left: number
  /** The `after` of the following page; `null` when this one is the last. */
  readonly next: string | null
}

/** Seals what is stored as it would be sealed today, page by page. Each record by compare-and-swap; no change is lost. */
export interface ResealRecords {
  /**
   * @param onFailure told of each record that is left, with what it failed with.
   * @throws {IssuerError} those of the registry's `list`.
   */
  resealPage(query: PageQuery, now: UnixSeconds, onFailure: (error: unknown) => void): Promise<ResealedPage>
}

/** How many records' latest states are remembered: about 10 MB. */
const SEEN_RECORDS = 50_000

/**
 * The same registry with a seal on every record (see {@link createRecordSeal}): whoever can write the store can then
 * neither add a sandbox, nor change one, nor give it another's secret. Whatever is found is proved; one record of a list that
 * is refused refuses the list, by name. An older state of a record is refused when this object has seen a later one (of the
 * last 50,000 it has seen). Ending a record never needs its seal to hold, so that it is the way out.
 *
 * Every operation that finds records also throws {@link IssuerError} `ERR_SEAL_BROKEN`, `ERR_SEAL_MISSING` and
 * `ERR_SEAL_KEY_UNKNOWN`.
 */
export function sealSandboxRegistry(
  store: SandboxRegistry,
  options: SealRegistryOptions,
): SandboxRegistry & ResealRecords {
  const table = createTable<SandboxRecord>(store, options, 'sandbox', (record) => record.sandbox_id)
  return {
    ...operationsOf(table),
    resealPage: createResealPage(table, (query, now) => store.list(query, now)),
    async list({ runnerId, ...query }, now) {
      const asked = runnerId === undefined ? query : { ...query, runnerId }
      const page = await provePage(table, await store.list(asked, now), now)
      // A record may have moved to another runner between two looks at it.
      const items = page.items.filter(({ runner_id }) => runnerId === undefined || runner_id === runnerId)
      return { ...page, items }
    },
    removeExpired: (now, limit) => store.removeExpired(now, limit),
    async registerAll(records, now): Promise<readonly RegistrationOutcome[]> {
      const sealed = await Promise.all(records.map((record) => table.sealNew(record)))
      const outcomes = await store.registerAll(
        sealed.map((entry) => entry.sealed),
        now,
      )
      for (const [index, entry] of sealed.entries()) if (outcomes[index] === undefined) entry.stored()
      return outcomes
    },
  }
}

/** The same registry with a seal on every record, as {@link sealSandboxRegistry}. */
export function sealRunnerRegistry(
  store: RunnerRegistry,
  options: SealRegistryOptions,
): RunnerRegistry & ResealRecords {
  const table = createTable<RunnerRecord>(store, options, 'runner', (record) => record.runner_id)
  return {
    ...operationsOf(table),
    resealPage: createResealPage(table, (query, now) => store.list(query, now)),
    list: async (query, now) => provePage(table, await store.list(query, now), now),
  }
}

function createTable<T extends SealableRecord>(
  store: Parameters<typeof createSealedTable<T>>[0]['store'],
  { sealing, clusterId, registryId }: SealRegistryOptions,
  kind: RecordPlace['kind'],
  idOf: (record: T) => string,
): SealedTable<T> {
  return createSealedTable({
    store,
    seal: createRecordSeal(sealing),
    seen: createSeenRecords(SEEN_RECORDS),
    kind,
    place: () => ({ kind, clusterId, registryId: registryId() }),
    idOf,
  })
}

function operationsOf<T>({ register, replace, findById, findBySecretHash, end }: SealedTable<T>) {
  return { register, replace, findById, findBySecretHash, end }
}

async function provePage<T>(
  table: SealedTable<T>,
  { items, next }: RegistryPage<T>,
  now: UnixSeconds,
): Promise<RegistryPage<T>> {
  const proved = await Promise.all(items.map((item) => table.prove(item, now)))
  return { items: proved.filter((item) => item !== undefined), next }
}

function createResealPage<T>(
  table: SealedTable<T>,
  list: (query: PageQuery, now: UnixSeconds) => Promise<RegistryPage<T>>,
): ResealRecords['resealPage'] {
  return async (query, now, onFailure) => {
    const { items, next } = await list(query, now)
    let [resealed, left] = [0, 0]
    // One after the other: sealing anew is in no hurry, and others use the store.
    for (const item of items.filter((stored) => !table.isCurrent(stored))) {
      try {
        if (await table.reseal(item, now)) resealed += 1
      } catch (error) {
        left += 1
        onFailure(error)
      }
    }
    return { seen: items.length, resealed, left, next }
  }
}
