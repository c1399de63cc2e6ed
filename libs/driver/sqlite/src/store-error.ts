import Database from 'better-sqlite3'
import { IssuerError, type IssuerErrorCode } from '@workload-identity/core'
import type { SqliteDatabase } from './sqlite-database.ts'

interface Trouble {
  readonly code: IssuerErrorCode
  /** What is wrong and the way out, as the end of a sentence about the file. */
  readonly explanation: string
}

// By primary result code, https://www.sqlite.org/rescode.html; extended ones (SQLITE_IOERR_READ) count as theirs.
const troubles: Readonly<Record<string, Trouble>> = {
  SQLITE_BUSY: unavailable('another process keeps it locked; end that process or try again'),
  SQLITE_LOCKED: unavailable('another connection keeps it locked; try again'),
  SQLITE_CANTOPEN: unavailable(
    'it cannot be opened; see that it exists and that this user may use its folder',
  ),
  SQLITE_PERM: unavailable('this user may not use it; check its owner and mode'),
  SQLITE_READONLY: unavailable(
    'it cannot be written; check its owner, its mode and how its file system is mounted',
  ),
  SQLITE_IOERR: unavailable('the operating system reports an input/output error; check the disk'),
  SQLITE_FULL: unavailable('the disk is full; make room'),
  SQLITE_CORRUPT: corrupt('it is damaged; restore it from a backup'),
  SQLITE_NOTADB: corrupt('it is not an SQLite database; restore it from a backup or choose another path'),
  SQLITE_ERROR: corrupt(
    'its tables are missing or not those of this release; migrate it or restore it from a backup',
  ),
}

const otherTrouble = unavailable('SQLite could not do it; the cause says why')

/**
 * Does `work` with the database and turns whatever SQLite says into an `IssuerError`; see {@link toStoreError}.
 *
 * @param doing what is being done, as in "cannot … the database": `'load the key ring from'`.
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` also when the database was closed, or its file deleted or replaced, in which
 * case nothing is done; `ERR_STORE_CORRUPT` when its file was emptied.
 */
export function withStoreErrors<T>(database: SqliteDatabase, doing: string, work: () => T): T {
  if (!database.open) {
    throw new IssuerError('ERR_STORE_UNAVAILABLE', `cannot ${doing} ${database.name}: it was closed`, {
      details: { path: database.name },
    })
  }
  database.assertInPlace()
  try {
    return work()
  } catch (error) {
    throw toStoreError(error, doing, database.name)
  }
}

/**
 * The error to throw for `error`: of what SQLite reports, an `IssuerError` with code `ERR_STORE_CORRUPT` when the content
 * of the file is at fault and `ERR_STORE_UNAVAILABLE` otherwise, which names the file and the way out and keeps the cause;
 * anything else as it is.
 */
export function toStoreError(error: unknown, doing: string, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error
  const { code, explanation } = troubles[primaryCode(error.code)] ?? otherTrouble
  return new IssuerError(code, `cannot ${doing} ${path}: ${explanation}`, {
    details: { path, sqlite_code: error.code },
    cause: error,
  })
}

/** Whether `error` says that somebody else holds a lock. */
export function isBusyError(error: unknown): boolean {
  return error instanceof Database.SqliteError && primaryCode(error.code) === 'SQLITE_BUSY'
}

function primaryCode(code: string): string {
  return code.split('_', 2).join('_')
}

function unavailable(explanation: string): Trouble {
  return { code: 'ERR_STORE_UNAVAILABLE', explanation }
}

function corrupt(explanation: string): Trouble {
  return { code: 'ERR_STORE_CORRUPT', explanation }
}
