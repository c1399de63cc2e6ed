import { closeSync, fchmodSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { IssuerError } from '@workload-identity/core'

const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_FOLDER = 0o700
const OTHERS = 0o077
// Files SQLite keeps beside the database. It makes them with the mode of the database, so a looser one was made by hand.
const COMPANIONS = ['-wal', '-shm', '-journal']

/**
 * Makes sure that a database may live at `path`, read and written by its owner only: creates its folder (0700) and an
 * empty file (0600) when they are missing, whatever the umask, before SQLite would with a mode of its own.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when that cannot be done, or as {@link assertPrivateFile}.
 */
export function preparePrivateFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: OWNER_ONLY_FOLDER })
    const file = openSync(path, 'ax', OWNER_ONLY_FILE)
    fchmodSync(file, OWNER_ONLY_FILE)
    closeSync(file)
  } catch (error) {
    if (!hasCode(error, 'EEXIST'))
      throw unusable(path, 'it cannot be created; check the folder it is to be in', error)
  }
  assertPrivateFile(path)
}

/**
 * Makes sure that nobody but its owner may read or write the database at `path` and the files SQLite keeps beside it.
 * Only looks at them: opening and closing a database file behind SQLite's back would drop its locks.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when there is none, it is not a file, or others may use it.
 */
export function assertPrivateFile(path: string): void {
  const mode = modeOf(path)
  if (mode === undefined) throw unusable(path, 'it does not exist')
  for (const suffix of ['', ...COMPANIONS]) {
    const open = (modeOf(path + suffix) ?? 0) & OTHERS
    if (open !== 0) {
      const reason = `its group or others may read or write ${path}${suffix}; make it private: chmod 600 ${path}*`
      throw unusable(path, reason)
    }
  }
}

function modeOf(path: string): number | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false })
    if (found !== undefined && !found.isFile()) throw unusable(path, 'it is not a regular file')
    return found?.mode
  } catch (error) {
    if (error instanceof IssuerError) throw error
    throw unusable(path, 'it cannot be looked at; check its folder', error)
  }
}

function unusable(path: string, reason: string, cause?: unknown): IssuerError {
  return new IssuerError('ERR_STORE_UNAVAILABLE', `cannot use the database ${path}: ${reason}`, {
    details: { path },
    cause,
  })
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
