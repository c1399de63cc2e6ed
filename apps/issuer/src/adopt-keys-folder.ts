import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  type Stats,
} from 'node:fs'
import { join } from 'node:path'
import { geteuid } from 'node:process'
import { importPrivateKeyPem, isIssuerError, type SigningKeyMaterial } from '@workload-identity/core'
import { ConfigurationError } from '@workload-identity/service'

/** A key in a file of an existing cluster. */
export interface KeyFile {
  /** Absolute. */
  readonly path: string
  readonly key: SigningKeyMaterial
  /** Whether others than its owner can read the file, so that the key may be known to them. */
  readonly isExposed: boolean
}

/** What the folder of an existing cluster holds. */
export interface KeysFolder {
  /** As it was given. */
  readonly path: string
  /** The key it signs with; absent = its file is not there, nor perhaps the folder. */
  readonly primary?: KeyFile
  /** The keys it publishes besides, in the order of their names. */
  readonly verifyOnly: readonly KeyFile[]
}

const PRIMARY = 'workload-identity.key'
const PREVIOUS = 'workload-identity.key.prev'
const FURTHER = 'workload-identity.d'

const PREFIX = 'cannot adopt keys: '
const MAX_KEY_BYTES = 64 * 1024
const MAX_FURTHER_KEYS = 1000
const WRITABLE_BY_OTHERS = 0o022
const READABLE_BY_OTHERS = 0o044

/**
 * Reads the keys of an existing cluster from its folder, which is only read: `workload-identity.key`,
 * `workload-identity.key.prev` and every file in `workload-identity.d/` whose name does not begin with a dot. A folder or
 * file that is not there is none; everything else has to be a key.
 *
 * @throws {ConfigurationError} naming every file that is not a usable private key in PEM, or that others may write, or
 * their folder; a symbolic link in it is never followed. No text quotes a file.
 */
export async function readKeysFolder(path: string): Promise<KeysFolder> {
  const problems: string[] = []
  const read = async (file: string): Promise<KeyFile | undefined> => {
    try {
      return await readKeyFile(file)
    } catch (error) {
      if (!isIssuerError(error) && !(error instanceof ConfigurationError)) throw error
      problems.push(isIssuerError(error) ? `${file}: ${error.message}` : error.message.slice(PREFIX.length))
      return undefined
    }
  }
  const files = listKeyFiles(path)
  const primary = files.primary === undefined ? undefined : await read(files.primary)
  const verifyOnly: KeyFile[] = []
  for (const file of files.verifyOnly) {
    const found = await read(file)
    if (found !== undefined) verifyOnly.push(found)
  }
  if (problems.length > 0) throw refuse(problems.join('; '))
  return { path, ...(primary !== undefined && { primary }), verifyOnly }
}

/**
 * The paths of the key files in the folder of an existing cluster, whatever is in them.
 *
 * @throws {ConfigurationError} when a folder cannot be read, is not one, or others may write it.
 */
export function listKeyFiles(path: string): {
  readonly primary?: string
  readonly verifyOnly: readonly string[]
} {
  const folder = findFolder(path)
  if (folder === undefined) return { verifyOnly: [] }
  const primary = join(folder, PRIMARY)
  const previous = join(folder, PREVIOUS)
  return {
    ...(lookAt(primary) !== undefined && { primary }),
    verifyOnly: [
      ...(lookAt(previous) === undefined ? [] : [previous]),
      ...listFurther(join(folder, FURTHER)),
    ],
  }
}

function findFolder(path: string): string | undefined {
  const resolved = attempt(path, () => realpathSync(path))
  if (resolved === undefined) return undefined
  const stats = attempt(resolved, () => statSync(resolved))
  if (stats === undefined) return undefined
  assertFolder(resolved, stats)
  return resolved
}

function listFurther(folder: string): readonly string[] {
  const stats = lookAt(folder)
  if (stats === undefined) return []
  assertFolder(folder, stats)
  const entries = attempt(folder, () => readdirSync(folder, { withFileTypes: true })) ?? []
  // Such clusters pass folders and dotfiles over; everything else they took for a key.
  const names = entries.filter((entry) => !entry.name.startsWith('.') && !entry.isDirectory())
  if (names.length > MAX_FURTHER_KEYS)
    throw refuse(`${folder} holds more than ${MAX_FURTHER_KEYS} files; leave only keys in it`)
  return names.map(({ name }) => join(folder, name)).sort()
}

async function readKeyFile(path: string): Promise<KeyFile> {
  let descriptor: number
  try {
    // A link could lead anywhere, and a pipe would keep the start waiting.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const reason =
      systemCode(error) === 'ELOOP'
        ? 'is a symbolic link, and links are not followed: put the file itself there'
        : `cannot be read (${systemCode(error)})`
    throw refuse(`${path} ${reason}`)
  }
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) throw refuse(`${path} is not a file`)
    assertOwnersOnly(path, stats)
    if (stats.size > MAX_KEY_BYTES) throw refuse(`${path} is larger than ${MAX_KEY_BYTES} bytes`)
    const key = await importPrivateKeyPem(readFileSync(descriptor, 'utf8'))
    return { path, key, isExposed: (stats.mode & READABLE_BY_OTHERS) !== 0 }
  } finally {
    closeSync(descriptor)
  }
}

function assertFolder(path: string, stats: Stats): void {
  if (stats.isSymbolicLink()) {
    throw refuse(`${path} is a symbolic link, and links are not followed: put the folder itself there`)
  }
  if (!stats.isDirectory()) throw refuse(`${path} is not a folder`)
  assertOwnersOnly(path, stats)
}

function assertOwnersOnly(path: string, { mode, uid }: Stats): void {
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    throw refuse(`${path} can be written by others, who could add a key: run chmod go-w on it`)
  }
  const me = geteuid?.() ?? 0
  if (uid === me || uid === 0) return
  throw refuse(`${path} belongs to user ${uid}, who could add a key, not to this one (${me}) or root`)
}

function lookAt(path: string): Stats | undefined {
  return attempt(path, () => lstatSync(path))
}

/** What was looked for, or `undefined` when it is not there. */
function attempt<T>(path: string, look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw refuse(`${path} cannot be read (${systemCode(error)})`)
  }
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}

function refuse(reason: string): ConfigurationError {
  return new ConfigurationError(PREFIX + reason)
}
