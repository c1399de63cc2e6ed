import {
  type PageQuery,
  type RegistryPage,
  type RunnerRecord,
  type RunnerRegistry,
  type SandboxRecord,
  type SandboxRegistry,
  type UnixSeconds,
} from '@workload-identity/core'

/** Records of one kind in one registry, as copying and comparing need them. */
export interface RecordCollection<T> {
  idOf(record: T): string
  list(query: PageQuery, now: UnixSeconds): Promise<RegistryPage<T>>
  /** Adds all of them; the first that cannot be added ends it, others may have been added then. */
  addAll(records: readonly T[], now: UnixSeconds): Promise<void>
  end(id: string, now: UnixSeconds): Promise<boolean>
}

/** The sandboxes of a registry. */
export function sandboxesOf(registry: SandboxRegistry): RecordCollection<SandboxRecord> {
  return {
    idOf: ({ sandbox_id: id }) => id,
    list: (query, now) => registry.list(query, now),
    async addAll(records, now) {
      const failure = (await registry.registerAll(records, now)).find((outcome) => outcome !== undefined)
      if (failure !== undefined) throw failure
    },
    end: (id, now) => registry.end(id, now),
  }
}

/** The runners of a registry. */
export function runnersOf(registry: RunnerRegistry): RecordCollection<RunnerRecord> {
  return {
    idOf: ({ runner_id: id }) => id,
    list: (query, now) => registry.list(query, now),
    async addAll(records, now) {
      for (const record of records) await registry.register(record, now)
    },
    end: (id, now) => registry.end(id, now),
  }
}

const PAGE = 500

/** Every live record in the order of IDs, a page at a time. */
export async function* listAll<T>(collection: RecordCollection<T>, now: UnixSeconds): AsyncGenerator<T> {
  let after: string | undefined
  for (;;) {
    const page = await collection.list({ limit: PAGE, ...(after !== undefined && { after }) }, now)
    yield* page.items
    if (page.next === null) return
    after = page.next
  }
}
