import { randomUUID } from 'node:crypto'
import { closeSync, existsSync, fchmodSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { hasCode, unusable } from './private-file.ts'
import { toStoreError } from './store-error.ts'

const OWNER_ONLY_FILE = 0o600
const OWNER_ONLY_FOLDER = 0o700

/**
 * Puts a new database without tables at `path`, read and written by its owner only (0600, whatever the umask), in a folder
 * that is made (0700) when it is missing. It gets its name once it is whole and on the disk, so that no crash leaves an
 * empty file there; a crash may leave a file called `<path>.<UUID>.new`. When somebody else is first, theirs stays.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when that cannot be done.
 */
export function createDatabaseFile(path: string, applicationId: number): void {
  const temporary = `${path}.${randomUUID()}.new`
  try {
    createFolder(dirname(path))
    createPrivateFile(temporary)
    writeEmptyDatabase(temporary, applicationId)
    sync(temporary)
    linkUnlessTaken(temporary, path)
    rmSync(temporary)
    sync(dirname(path))
  } catch (error) {
    removeQuietly(temporary)
    const storeError = toStoreError(error, 'create the database', path)
    if (storeError !== error) throw storeError
    throw unusable(path, 'it cannot be created; check the folder it is to be in', error)
  }
}

/** With the folders above it. Not Node's recursive mkdir, which never ends where a folder is refused with ENOENT (`/proc`). */
function createFolder(path: string): void {
  try {
    mkdirSync(path, OWNER_ONLY_FOLDER)
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return
    if (!hasCode(error, 'ENOENT') || existsSync(dirname(path))) throw error
    createFolder(dirname(path))
    createFolder(path)
  }
}

/** Before SQLite would make it with a mode of its own. */
function createPrivateFile(path: string): void {
  const file = openSync(path, 'ax', OWNER_ONLY_FILE)
  try {
    fchmodSync(file, OWNER_ONLY_FILE)
  } finally {
    closeSync(file)
  }
}

function writeEmptyDatabase(path: string, applicationId: number): void {
  const database = new Database(path, { fileMustExist: true })
  try {
    database.pragma(`application_id = ${applicationId}`)
    // Where the file system has none, the database stays as it is and opening it says so.
    database.pragma('journal_mode = WAL')
  } finally {
    database.close()
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

function linkUnlessTaken(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
  }
}

function removeQuietly(path: string): void {
  try {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(path + suffix, { force: true })
  } catch {
    // Why the database could not be created says more.
  }
}
