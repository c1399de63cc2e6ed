import { randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeSync,
  type Stats,
} from 'node:fs'
import { dirname } from 'node:path'
import { generateSecret } from '@workload-identity/core'
import { ConfigurationError } from '@workload-identity/service'
import { parseAdminTokens, type AdminToken } from './admin-token-list.ts'

/** The tokens of an admin-token file and which version of the file they are of. */
export interface AdminTokenFile {
  readonly tokens: readonly AdminToken[]
  readonly fingerprint: string
}

/**
 * Reads an admin-token file.
 *
 * @returns `undefined` when there is no such file.
 * @throws {ConfigurationError} when it cannot be read, others than its owner have any permission on it, or it does not
 * hold tokens. The text never quotes the file.
 */
export function readAdminTokenFile(path: string): AdminTokenFile | undefined {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw refuse(path, `cannot be read (${systemCode(error)})`)
  }
  try {
    // Permissions and content are those of the same file even if it is replaced just now.
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw refuse(path, 'is not a file')
    if ((stats.mode & 0o077) !== 0) {
      const mode = (stats.mode & 0o777).toString(8).padStart(4, '0')
      throw refuse(
        path,
        `has mode ${mode}: others than its owner have permissions on it; run chmod 600 on it`,
      )
    }
    const reading = parseAdminTokens(readFileSync(descriptor, 'utf8'))
    if ('problems' in reading) throw refuse(path, reading.problems.join('; '))
    return { tokens: reading.tokens, fingerprint: toFingerprint(stats) }
  } finally {
    closeSync(descriptor)
  }
}

/** What tells one version of a file from another without reading it; `undefined` when there is no such file. */
export function fingerprintFile(path: string): string | undefined {
  try {
    return toFingerprint(statSync(path))
  } catch (error) {
    return isSystemError(error, 'ENOENT') ? undefined : `unreadable ${systemCode(error)}`
  }
}

/**
 * Makes an admin-token file of mode 0600 with one random token, whole or not at all, and its folder (0700). Of several
 * that do so at once one is first, and none overwrites it.
 *
 * @returns whether this call made it; `false` when it was there already.
 * @throws {ConfigurationError} when it cannot be made.
 */
export function createAdminTokenFile(path: string): boolean {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    createFolder(dirname(path))
    const descriptor = openSync(temporary, 'wx', 0o600)
    try {
      writeSync(descriptor, `${generateSecret('admin')}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    try {
      linkSync(temporary, path)
      return true
    } finally {
      unlinkSync(temporary)
    }
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false
    throw cannotCreate(path, error)
  }
}

/** Why {@link createAdminTokenFile} would fail, as far as that can be told without making anything; `undefined` = it would not. */
export function findCreationProblem(path: string): string | undefined {
  try {
    accessSync(findExistingFolder(dirname(path)), constants.W_OK | constants.X_OK)
    return undefined
  } catch (error) {
    return cannotCreate(path, error).message
  }
}

function findExistingFolder(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : findExistingFolder(dirname(path))
}

function cannotCreate(path: string, error: unknown): ConfigurationError {
  return refuse(
    path,
    `is missing and cannot be made (${systemCode(error)}): make it, or correct --admin-token-file`,
  )
}

/** With the folders above it. Not Node's recursive mkdir, which never ends where a folder is refused with ENOENT (`/proc`). */
function createFolder(path: string): void {
  try {
    mkdirSync(path, 0o700)
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return
    if (!isSystemError(error, 'ENOENT') || existsSync(dirname(path))) throw error
    createFolder(dirname(path))
    createFolder(path)
  }
}

function toFingerprint({ dev, ino, size, mtimeMs, ctimeMs, mode }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs, mode].join(' ')
}

function refuse(path: string, reason: string): ConfigurationError {
  return new ConfigurationError(`the admin-token file ${path} ${reason}`)
}

function isSystemError(error: unknown, code: string): boolean {
  return systemCode(error) === code
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
