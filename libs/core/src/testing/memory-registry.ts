import { IssuerError, type IssuerErrorCode } from '../errors.ts'
import type { PageQuery, RegistryIdentity, RegistryPage, SecretHash } from '../ports/registry.ts'
import type { RunnerRecord, RunnerRegistry } from '../ports/runner-registry.ts'
import type { SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import type { UnixSeconds } from '../time.ts'
import { registerEach } from '../use-cases/register-each.ts'

/** What memory registries made on the same object share, as databases on the same disk would. */
export interface MemoryRegistryStorage {
  registryId?: string
  readonly sandboxes: Map<string, SandboxRecord>
  readonly runners: Map<string, RunnerRecord>
  /** When true, every operation fails as an unreachable store does. */
  unavailable?: boolean
}

/** How a registry knows which registry it ought to be. */
export interface MemoryRegistryOptions {
  readonly storage: MemoryRegistryStorage
  /** The registry ID that the key ring records. */
  readonly registryId: () => string
}

interface RegistryRecord {
  readonly secrets: readonly SecretHash[]
  readonly revision: number
}

/** An empty storage, as of a store that was just made. */
export function createMemoryRegistryStorage(): MemoryRegistryStorage {
  return { sandboxes: new Map(), runners: new Map() }
}

/** The reference implementation of {@link RegistryIdentity}. */
export function createMemoryRegistryIdentity(storage: MemoryRegistryStorage): RegistryIdentity {
  return {
    async read() {
      assertAvailable(storage)
      return storage.registryId
    },
    async claim(candidate) {
      assertAvailable(storage)
      storage.registryId ??= candidate
      return storage.registryId
    },
    async isEmpty() {
      assertAvailable(storage)
      return storage.sandboxes.size === 0 && storage.runners.size === 0
    },
  }
}

/** The reference implementation of {@link SandboxRegistry}. */
export function createMemorySandboxRegistry(options: MemoryRegistryOptions): SandboxRegistry {
  const { storage } = options
  const table = createTable(options, storage.sandboxes, {
    idOf: (record) => record.sandbox_id,
    isLive: (record, now) => record.expires_at === undefined || now < record.expires_at,
    existsCode: 'ERR_SANDBOX_EXISTS',
    notFoundCode: 'ERR_SANDBOX_NOT_FOUND',
  })
  return {
    ...table,
    registerAll: (records, now) => registerEach(records, (record) => table.register(record, now)),
    list: ({ runnerId, ...query }, now) =>
      table.list(query, now, (record) => runnerId === undefined || record.runner_id === runnerId),
    async removeExpired(now, limit) {
      assertRegistry(options)
      const expired = [...storage.sandboxes.values()]
        .filter((record) => record.expires_at !== undefined && record.expires_at <= now)
        .slice(0, limit)
      for (const record of expired) storage.sandboxes.delete(record.sandbox_id)
      return expired.length
    },
  }
}

/** The reference implementation of {@link RunnerRegistry}. */
export function createMemoryRunnerRegistry(options: MemoryRegistryOptions): RunnerRegistry {
  return createTable(options, options.storage.runners, {
    idOf: (record) => record.runner_id,
    isLive: () => true,
    existsCode: 'ERR_RUNNER_EXISTS',
    notFoundCode: 'ERR_RUNNER_NOT_FOUND',
  })
}

interface TableRules<T> {
  idOf(record: T): string
  isLive(record: T, now: UnixSeconds): boolean
  readonly existsCode: IssuerErrorCode
  readonly notFoundCode: IssuerErrorCode
}

function createTable<T extends RegistryRecord>(
  options: MemoryRegistryOptions,
  records: Map<string, T>,
  rules: TableRules<T>,
) {
  const live = (id: string, now: UnixSeconds) => {
    const record = records.get(id)
    return record !== undefined && rules.isLive(record, now) ? record : undefined
  }
  const assertSecretsFree = (candidate: T, now: UnixSeconds) => {
    const counts = ({ valid_until: end }: SecretHash) => end === undefined || now < end
    const wanted = new Set(candidate.secrets.filter(counts).map((secret) => secret.sha256))
    for (const other of records.values()) {
      if (rules.idOf(other) === rules.idOf(candidate) || !rules.isLive(other, now)) continue
      if (other.secrets.some((secret) => counts(secret) && wanted.has(secret.sha256))) {
        throw new IssuerError('ERR_SECRET_IN_USE', 'another one has the same secret')
      }
    }
  }
  return {
    async register(record: T, now: UnixSeconds): Promise<void> {
      assertRegistry(options)
      const id = rules.idOf(record)
      if (live(id, now) !== undefined) {
        throw new IssuerError(rules.existsCode, `${id} is already registered`, { details: { id } })
      }
      assertSecretsFree(record, now)
      records.set(id, structuredClone(record))
    },
    async replace(record: T, now: UnixSeconds): Promise<void> {
      assertRegistry(options)
      const id = rules.idOf(record)
      const stored = live(id, now)
      if (stored === undefined) {
        throw new IssuerError(rules.notFoundCode, `${id} is not registered`, { details: { id } })
      }
      if (stored.revision !== record.revision - 1) {
        throw new IssuerError('ERR_REVISION_CONFLICT', `${id} changed since it was read`, { details: { id } })
      }
      assertSecretsFree(record, now)
      records.set(id, structuredClone(record))
    },
    async findById(id: string, now: UnixSeconds): Promise<T | undefined> {
      assertRegistry(options)
      return structuredClone(live(id, now))
    },
    async findBySecretHash(sha256: string, now: UnixSeconds): Promise<T | undefined> {
      assertRegistry(options)
      for (const record of records.values()) {
        const secret = record.secrets.find((candidate) => candidate.sha256 === sha256)
        if (secret === undefined || !rules.isLive(record, now)) continue
        if (secret.valid_until === undefined || now < secret.valid_until) return structuredClone(record)
      }
      return undefined
    },
    async list(
      query: PageQuery,
      now: UnixSeconds,
      matches: (record: T) => boolean = () => true,
    ): Promise<RegistryPage<T>> {
      assertRegistry(options)
      const { after } = query
      const rest = [...records.values()]
        .filter((record) => rules.isLive(record, now) && matches(record))
        .filter((record) => after === undefined || rules.idOf(record) > after)
        .sort((left, right) => (rules.idOf(left) < rules.idOf(right) ? -1 : 1))
      const items = rest.slice(0, query.limit)
      const last = items.at(-1)
      const next = last !== undefined && rest.length > items.length ? rules.idOf(last) : null
      return { items: structuredClone(items), next }
    },
    async end(id: string, now: UnixSeconds): Promise<boolean> {
      assertRegistry(options)
      const wasLive = live(id, now) !== undefined
      records.delete(id)
      return wasLive
    },
  }
}

function assertAvailable(storage: MemoryRegistryStorage): void {
  if (storage.unavailable === true) {
    throw new IssuerError('ERR_STORE_UNAVAILABLE', 'the memory registry was made unavailable')
  }
}

function assertRegistry({ storage, registryId }: MemoryRegistryOptions): void {
  assertAvailable(storage)
  if (storage.registryId !== registryId()) {
    throw new IssuerError('ERR_REGISTRY_LOST', 'this is not the registry that the key ring records')
  }
}
