import { IssuerError, type KeyStore, type RingVersion, type StoredKeyRing } from '@workload-identity/core'
import { withStoreErrors, withWriteLock, type SqliteDatabase } from '@workload-identity/driver-sqlite'

/** What a key store in SQLite needs. */
export interface SqliteKeyStoreOptions {
  /** Opened by `openDatabase` and migrated by `migrateSqliteKeyStore`; closed by whoever opened it. */
  readonly database: SqliteDatabase
}

/**
 * A key store in one row of an SQLite database, for one issuer machine: several processes on it may share the file. Does
 * no I/O until it is used.
 */
export function createSqliteKeyStore({ database }: SqliteKeyStoreOptions): KeyStore {
  let statements: Statements | undefined
  const prepared = () => (statements ??= prepareStatements(database))
  return {
    async load() {
      return withStoreErrors(database, 'load the key ring from', () => prepared().load.get())
    },
    async save(ring, expected) {
      assertFollows(ring, expected)
      const doing = 'save the key ring to'
      const { changes } = await withWriteLock(database, doing, () => write(prepared(), ring, expected))
      if (changes === 0) throw conflict(database, expected)
      withStoreErrors(database, doing, () => eraseReplaced(database))
    },
    async eraseReplaced() {
      const isErased = withStoreErrors(database, 'erase replaced key rings from', () =>
        eraseReplaced(database),
      )
      return isErased
        ? []
        : [`another process uses the database, so ${database.name}-wal keeps them; try again`]
    },
  }
}

type Statements = ReturnType<typeof prepareStatements>

function prepareStatements(database: SqliteDatabase) {
  return {
    load: database.prepare<[], StoredKeyRing>('SELECT generation, write_id, document FROM key_ring'),
    insert: database.prepare<[number, string, string], never>(
      `INSERT INTO key_ring (singleton, generation, write_id, document) VALUES (1, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    ),
    update: database.prepare<[number, string, string, number, string], never>(
      `UPDATE key_ring SET generation = ?, write_id = ?, document = ?
       WHERE generation = ? AND write_id = ?`,
    ),
  }
}

function write({ insert, update }: Statements, ring: StoredKeyRing, expected: RingVersion | undefined) {
  const { generation, write_id, document } = ring
  if (expected === undefined) return insert.run(generation, write_id, document)
  return update.run(generation, write_id, document, expected.generation, expected.write_id)
}

function assertFollows(ring: RingVersion, expected: RingVersion | undefined): void {
  if (Number.isSafeInteger(ring.generation) && ring.generation > (expected?.generation ?? 0)) return
  throw new RangeError(
    `generation ${ring.generation} does not follow ${expected?.generation ?? 'an empty store'}`,
  )
}

function conflict({ name }: SqliteDatabase, expected: RingVersion | undefined): IssuerError {
  return new IssuerError(
    'ERR_STORE_CONFLICT',
    `the key ring in ${name} changed since it was read; load it again`,
    {
      details: { path: name, expected_generation: expected?.generation },
    },
  )
}

// The replaced document may hold a private key that the new one has erased. `secure_delete` overwrites it in the database;
// this empties the write-ahead log, where it still stands. Not possible while another process reads or writes.
function eraseReplaced(database: SqliteDatabase): boolean {
  return database.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0
}
