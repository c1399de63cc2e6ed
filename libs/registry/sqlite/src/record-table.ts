import {
  IssuerError,
  type PageQuery,
  type RegistrationOutcome,
  type RegistryPage,
  type UnixSeconds,
} from '@workload-identity/core'
import { withStoreErrors, withWriteLock, type SqliteDatabase } from '@workload-identity/driver-sqlite'
import { prepareRecordStatements, type PageParameters, type RecordRow } from './record-statements.ts'
import type { RecordKind, RegistryRecord } from './record-kinds.ts'
import { assertRegistry, type SqliteRegistryOptions } from './registry-options.ts'

/** What both registries can do with their records, and what a registry needs to do more with the same guarantees. */
export interface RecordTable<T> {
  register(record: T, now: UnixSeconds): Promise<void>
  registerAll(records: readonly T[], now: UnixSeconds): Promise<readonly RegistrationOutcome[]>
  replace(record: T, now: UnixSeconds): Promise<void>
  findById(id: string, now: UnixSeconds): Promise<T | undefined>
  findBySecretHash(sha256: string, now: UnixSeconds): Promise<T | undefined>
  list(query: PageQuery, now: UnixSeconds): Promise<RegistryPage<T>>
  end(id: string, now: UnixSeconds): Promise<boolean>
  /** The page of `query` out of the rows that `select` finds, all from one snapshot. */
  readPage(query: PageQuery, now: UnixSeconds, select: (page: PageParameters) => RecordRow[]): RegistryPage<T>
  /** Does `work` under the write lock, when this is the registry that the key ring records. */
  write<R>(doing: string, work: () => R): Promise<R>
}

/**
 * The records of one kind and their secrets. Every operation first makes sure of the registry's ID, in the same statement
 * or transaction. Does no I/O until it is used.
 */
export function createRecordTable<T extends RegistryRecord>(
  options: SqliteRegistryOptions,
  kind: RecordKind<T>,
): RecordTable<T> {
  const { database } = options
  let prepared: ReturnType<typeof prepareRecordStatements> | undefined
  const statements = () => (prepared ??= prepareRecordStatements(database, kind))

  const read = <R>(work: () => R): R => withStoreErrors(database, `look up a ${kind.noun} in`, work)
  const write = <R>(doing: string, work: () => R): Promise<R> =>
    withWriteLock(database, doing, () => {
      assertRegistry(options, statements().registryId.get()?.registry_id)
      return work()
    })
  const parse = (row: RecordRow) => parseRow(database, kind, row)
  const parseFound = (row: RecordRow | undefined) => {
    assertRegistry(options, row?.registry_id)
    return row === undefined || row.record === null ? undefined : parse(row)
  }
  const readPage: RecordTable<T>['readPage'] = ({ limit, after = '' }, now, select) =>
    read(() =>
      database
        .transaction(() => {
          assertRegistry(options, statements().registryId.get()?.registry_id)
          // One more than asked for tells whether another page follows.
          const records = select({ after, now, limit: limit + 1 }).map(parse)
          const items = records.slice(0, limit)
          const last = items.at(-1)
          return { items, next: last !== undefined && records.length > limit ? kind.idOf(last) : null }
        })
        .deferred(),
    )

  /**
   * Writes the secrets of a record that has none yet, but for those whose time is over. Whoever has one of them and is
   * expired, or has it no longer, is cleared away.
   */
  const writeSecrets = (record: T, now: UnixSeconds) => {
    const { removeExpiredBySecret, removeOutdatedSecret, findOwner, insertSecret } = statements()
    const id = kind.idOf(record)
    for (const { sha256, valid_until = null } of record.secrets) {
      if (valid_until !== null && valid_until <= now) continue
      removeExpiredBySecret.run({ sha256, now })
      removeOutdatedSecret.run({ sha256, now })
      const owner = findOwner.get({ sha256 })
      if (owner !== undefined && owner.id !== id) throw secretInUse(kind, id)
      insertSecret.run({ sha256, id, valid_until })
    }
  }
  const rowOf = (record: T) => ({ ...kind.columnsOf(record), record: JSON.stringify(record) })
  const insertRecord = (record: T, now: UnixSeconds) => {
    const { findById, removeExpiredById, insert } = statements()
    const id = kind.idOf(record)
    if (parseFound(findById.get({ id, now })) !== undefined) {
      throw new IssuerError(kind.existsCode, `${kind.noun} ${id} is already registered`, { details: { id } })
    }
    removeExpiredById.run({ id, now })
    insert.run(rowOf(record))
    writeSecrets(record, now)
  }

  return {
    readPage,
    write,
    async register(record, now) {
      await write(`register a ${kind.noun} in`, () => {
        insertRecord(record, now)
      })
    },
    async registerAll(records, now) {
      // One commit for all; a savepoint each, so that a refused one leaves nothing behind.
      return write(`register ${kind.noun} records in`, () =>
        records.map((record) => outcomeOf(database.transaction(() => insertRecord(record, now)))),
      )
    },
    async replace(record, now) {
      await write(`change a ${kind.noun} in`, () => {
        const { findById, update, deleteSecrets } = statements()
        const id = kind.idOf(record)
        const stored = parseFound(findById.get({ id, now }))
        if (stored === undefined) {
          throw new IssuerError(kind.notFoundCode, `${kind.noun} ${id} is not registered`, {
            details: { id },
          })
        }
        if (stored.revision !== record.revision - 1) throw revisionConflict(kind, id, stored.revision)
        update.run(rowOf(record))
        deleteSecrets.run({ id })
        writeSecrets(record, now)
      })
    },
    async findById(id, now) {
      return read(() => parseFound(statements().findById.get({ id, now })))
    },
    async findBySecretHash(sha256, now) {
      return read(() => {
        const found = parseFound(statements().findBySecretHash.get({ sha256, now }))
        const secret = found?.secrets.find((candidate) => candidate.sha256 === sha256)
        if (found === undefined) return undefined
        if (secret === undefined || (secret.valid_until ?? Infinity) <= now) throw corrupt(database, kind)
        return found
      })
    },
    async list(query, now) {
      return readPage(query, now, (page) => statements().list.all(page))
    },
    async end(id, now) {
      return write(`end a ${kind.noun} in`, () => statements().end.run({ id, now }).changes > 0)
    },
  }
}

function outcomeOf(work: () => void): RegistrationOutcome {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof IssuerError) return error
    throw error
  }
}

/** The record of a row, whose columns must say the same: SQL goes by them, everybody else by the record. */
function parseRow<T extends RegistryRecord>(
  database: SqliteDatabase,
  kind: RecordKind<T>,
  row: RecordRow,
): T {
  const record = kind.parse(row.record ?? '')
  if (record === undefined) throw corrupt(database, kind)
  const expected = Object.entries(kind.columnsOf(record))
  if (expected.some(([column, value]) => row[column] !== value)) throw corrupt(database, kind)
  return record
}

function corrupt<T extends RegistryRecord>({ name }: SqliteDatabase, kind: RecordKind<T>): IssuerError {
  return new IssuerError(
    'ERR_STORE_CORRUPT',
    `a record in the table ${kind.table} of ${name} cannot be read or was altered; restore it from a backup`,
    { details: { path: name, table: kind.table } },
  )
}

function secretInUse<T extends RegistryRecord>({ noun }: RecordKind<T>, id: string): IssuerError {
  return new IssuerError('ERR_SECRET_IN_USE', `another ${noun} has a secret that ${noun} ${id} was to get`, {
    details: { id },
  })
}

function revisionConflict<T extends RegistryRecord>({ noun }: RecordKind<T>, id: string, revision: number) {
  const text = `${noun} ${id} changed since it was read; read it again`
  return new IssuerError('ERR_REVISION_CONFLICT', text, { details: { id, revision } })
}
