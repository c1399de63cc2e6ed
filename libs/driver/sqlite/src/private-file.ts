import { statSync, type BigIntStats } from 'node:fs'
import { IssuerError } from '@workload-identity/core'

const OTHERS = 0o077n
// Files SQLite keeps beside the database. It makes them with the mode of the database, so a looser one was made by hand.
const COMPANIONS = ['-wal', '-shm', '-journal']
const LOGS = ['-wal', '-journal']
// One page of the smallest size there is, https://www.sqlite.org/fileformat.html#pages.
const SMALLEST_DATABASE_BYTES = 512n

/**
 * Whether there is a database at `path`; one that lost its content, or of which only the log is left, is not taken for a
 * new one: SQLite would, and delete the log.
 *
 * @throws {IssuerError} `ERR_STORE_CORRUPT` for the remains of a database; `ERR_STORE_UNAVAILABLE` when `path` is not a file
 * or cannot be looked at.
 */
export function hasDatabase(path: string): boolean {
  const found = lookAt(path)
  if (found !== undefined) {
    assertWhole(path, found.size)
    return true
  }
  const log = LOGS.map((suffix) => path + suffix).find((file) => (lookAt(file)?.size ?? 0n) > 0n)
  if (log === undefined) return false
  // Another process may have made the database and begun its log in the meantime.
  if (lookAt(path) !== undefined) return true
  const reason = `it is missing, only its log ${log} is there; restore it from a backup, or remove ${path}-* to begin anew`
  throw remains(path, reason)
}

/**
 * Makes sure that a file of `size` bytes is not too short to be a database.
 *
 * @throws {IssuerError} `ERR_STORE_CORRUPT` otherwise.
 */
export function assertWhole(path: string, size: bigint): void {
  if (size >= SMALLEST_DATABASE_BYTES) return
  const reason = `it is cut off (${size} bytes); restore it from a backup, or remove ${path}* to begin anew`
  throw remains(path, reason)
}

/**
 * Makes sure that nobody but its owner may read or write the database at `path` and the files SQLite keeps beside it.
 * Only looks at them: opening and closing a database file behind SQLite's back would drop its locks.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when there is none, it is not a file, or others may use it.
 */
export function assertPrivateFile(path: string): void {
  if (lookAt(path) === undefined) throw unusable(path, 'it does not exist')
  for (const suffix of ['', ...COMPANIONS]) {
    const open = (lookAt(path + suffix)?.mode ?? 0n) & OTHERS
    if (open !== 0n) {
      const reason = `its group or others may read or write ${path}${suffix}; make it private: chmod 600 ${path}*`
      throw unusable(path, reason)
    }
  }
}

/**
 * Remembers which file is at `path` now and gives a check that it is still that one, and not emptied; it takes a few
 * microseconds.
 *
 * @throws {IssuerError} the check: `ERR_STORE_UNAVAILABLE` when the file was deleted or replaced; as {@link assertWhole}.
 */
export function watchFile(path: string): () => void {
  const original = lookAt(path)
  return () => {
    const found = lookAt(path)
    if (original === undefined || found?.ino !== original.ino || found.dev !== original.dev) {
      throw unusable(
        path,
        'its file was deleted or replaced; put it back, or restart to use the one there now',
      )
    }
    assertWhole(path, found.size)
  }
}

function lookAt(path: string): BigIntStats | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (found !== undefined && !found.isFile()) throw unusable(path, 'it is not a regular file')
    return found
  } catch (error) {
    if (error instanceof IssuerError) throw error
    throw unusable(path, 'it cannot be looked at; check its folder', error)
  }
}

/** The error for a database that cannot be used for `reason`, with code `ERR_STORE_UNAVAILABLE`. */
export function unusable(path: string, reason: string, cause?: unknown): IssuerError {
  return new IssuerError('ERR_STORE_UNAVAILABLE', `cannot use the database ${path}: ${reason}`, {
    details: { path },
    cause,
  })
}

function remains(path: string, reason: string): IssuerError {
  return new IssuerError('ERR_STORE_CORRUPT', `cannot use the database ${path}: ${reason}`, {
    details: { path },
  })
}

/** Whether `error` is of the operating system with this code, such as `EEXIST`. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
