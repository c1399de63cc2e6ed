import { resolve } from 'node:path'
import { IssuerError } from '@workload-identity/core'
import Database from 'better-sqlite3'
import { createDatabaseFile } from './create-database-file.ts'
import { waitBriefly } from './lock-patience.ts'
import { assertPrivateFile, hasDatabase, watchFile } from './private-file.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { isBusyError, toStoreError } from './store-error.ts'

/** Which database to open and how. */
export interface OpenDatabaseOptions {
  /** Of the file; a relative one counts from the working directory. Its folder is created when it is missing. */
  readonly path: string
  /** Whether it must exist already and nothing may be written; default false. */
  readonly readOnly?: boolean
  /**
   * How long to wait for a lock that another process holds, in milliseconds; default 2000. Opening and `migrate` block
   * the whole process for that long, `withWriteLock` does not; anything else gives up after 50 milliseconds.
   */
  readonly busyTimeoutMs?: number
  /**
   * The largest database, in bytes, that is checked from end to end when it is opened; default 32 MiB, which takes a
   * fraction of a second. The check reads everything, and a start must not take longer the more sandboxes there are.
   */
  readonly checkedBytes?: number
}

/** `PRAGMA application_id` of every database made here, "WIDB" in ASCII: `file` and other tools can tell it by that. */
export const APPLICATION_ID = 0x57494442

const DEFAULT_BUSY_TIMEOUT_MS = 2000
const DEFAULT_CHECKED_BYTES = 32 * 1024 * 1024
const RETRY_PAUSE_MS = 10

/**
 * Opens the database at `path`, durable and private: write-ahead log, every commit synced, deleted content overwritten,
 * its files readable by their owner only. Whoever calls this closes it.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it cannot be opened or others may read or write it;
 * `ERR_STORE_CORRUPT` when it is damaged, emptied, gone but for its log, or not SQLite at all; `ERR_STORE_FOREIGN` when another program made it.
 */
export function openDatabase(options: OpenDatabaseOptions): SqliteDatabase {
  const { readOnly = false, busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS } = options
  const { checkedBytes = DEFAULT_CHECKED_BYTES } = options
  // better-sqlite3 would trim the name and open another file than the one prepared here.
  if (options.path.trim() !== options.path || options.path === '') {
    throw new RangeError('the path of a database must not be empty or begin or end with a space')
  }
  const path = resolve(options.path)
  if (!hasDatabase(path) && !readOnly) createDatabaseFile(path, APPLICATION_ID)
  assertPrivateFile(path)
  // Before it is opened and checked after that, so that it is the file that SQLite opened.
  const assertInPlace = watchFile(path)

  let database: SqliteDatabase | undefined
  try {
    const handle = new Database(path, { readonly: readOnly, fileMustExist: true, timeout: busyTimeoutMs })
    database = Object.assign(handle, { assertInPlace, busyTimeoutMs })
    setUp(database, busyTimeoutMs)
    if (sizeOf(database) <= checkedBytes) assertSound(database)
    assertInPlace()
    waitBriefly(database)
    return database
  } catch (error) {
    database?.close()
    throw toStoreError(error, 'open the database', path)
  }
}

function setUp(database: SqliteDatabase, busyTimeoutMs: number): void {
  assertOwn(database)
  if (!database.readonly) retryWhileBusy(busyTimeoutMs, () => assertWriteAheadLog(database))
  database.pragma('synchronous = FULL')
  database.pragma('secure_delete = ON')
  database.pragma('foreign_keys = ON')
  database.pragma('trusted_schema = OFF')
  database.pragma('cell_size_check = ON')
}

function sizeOf(database: SqliteDatabase): number {
  const pages = Number(database.pragma('page_count', { simple: true }))
  return pages * Number(database.pragma('page_size', { simple: true }))
}

/** Throws when it is somebody else's; every database made here has the application ID before it has its name. */
function assertOwn(database: SqliteDatabase): void {
  if (database.pragma('application_id', { simple: true }) === APPLICATION_ID) return
  const reason = 'another program made it; choose another path'
  throw new IssuerError('ERR_STORE_FOREIGN', `cannot use the database ${database.name}: ${reason}`, {
    details: { path: database.name },
  })
}

function assertWriteAheadLog(database: SqliteDatabase): void {
  const mode = database.pragma('journal_mode = WAL', { simple: true })
  if (mode === 'wal') return
  const reason = 'its file system does not support a write-ahead log; use a local disk'
  throw new IssuerError('ERR_STORE_UNAVAILABLE', `cannot use the database ${database.name}: ${reason}`, {
    details: { path: database.name, journal_mode: String(mode) },
  })
}

// Unlike a quick check, this one compares the indexes with their tables: a look-up that misses because of one flipped bit in
// an index would read as "there is no such record".
function assertSound(database: SqliteDatabase): void {
  const verdict = database.pragma('integrity_check(1)', { simple: true })
  if (verdict === 'ok') return
  const reason = 'it is damaged; restore it from a backup'
  throw new IssuerError('ERR_STORE_CORRUPT', `cannot use the database ${database.name}: ${reason}`, {
    details: { path: database.name, integrity_check: String(verdict) },
  })
}

// Processes that start together on a restored copy may meet at the switch to the write-ahead log, which needs the file for
// itself: to break the tie SQLite refuses one of them at once instead of letting it wait (https://www.sqlite.org/c3ref/busy_handler.html).
function retryWhileBusy(limitMs: number, work: () => void): void {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let waitedMs = 0; ; waitedMs += RETRY_PAUSE_MS) {
    try {
      work()
      return
    } catch (error) {
      if (!isBusyError(error) || waitedMs >= limitMs) throw error
      Atomics.wait(pause, 0, 0, RETRY_PAUSE_MS)
    }
  }
}
