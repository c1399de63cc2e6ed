import { lstatSync, mkdirSync, type BigIntStats } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { geteuid } from 'node:process'
import { toFileError, unusable } from './file-error.ts'
import { assertLocalFileSystem, type FileSystemPolicy } from './file-system.ts'
import { syncDirectorySync } from './sync-directory.ts'

/** Which folder to open and how. */
export interface OpenPrivateDirectoryOptions extends FileSystemPolicy {
  /** A relative one counts from the working directory. The folder is created (0700) when it is missing. */
  readonly path: string
}

/** A folder that only its owner can use. Holds no handle: there is nothing to close. */
export interface PrivateDirectory {
  /** Absolute. */
  readonly path: string
  /**
   * Makes sure that the folder still is the one that was opened, and private. One system call.
   *
   * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it is gone, was replaced (another disk is mounted there, or none any
   * more), or others may use it now.
   */
  check(): void
}

const OWNER_ONLY_FOLDER = 0o700
const OTHERS = 0o077n

/**
 * Opens the folder at `path` for files that nobody else may see, and creates it when it is missing.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it cannot be created or looked at, is a symbolic link, belongs to another
 * user than this one or root, when its group or others may use it, or when it is on a network file system.
 */
export function openPrivateDirectory(options: OpenPrivateDirectoryOptions): PrivateDirectory {
  const path = resolve(options.path)
  assertLocalFileSystem(path, options)
  createDirectory(path)
  const opened = statPrivate(path)
  return {
    path,
    check() {
      const found = statPrivate(path)
      if (found.dev === opened.dev && found.ino === opened.ino) return
      throw unusable(
        path,
        'the folder was replaced by another one since it was opened; see that the right disk is mounted and restart',
      )
    },
  }
}

function createDirectory(path: string): void {
  try {
    const first = mkdirSync(path, { recursive: true, mode: OWNER_ONLY_FOLDER })
    if (first === undefined) return
    for (let made = path; made.length >= first.length; made = dirname(made)) syncDirectorySync(dirname(made))
  } catch (error) {
    // A link or a file in its place is told better by looking at it.
    if (isThere(path)) return
    throw toFileError(error, 'create the folder', path)
  }
}

function isThere(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

function statPrivate(path: string): BigIntStats {
  const found = statLink(path)
  if (found.isSymbolicLink())
    throw unusable(path, 'it is a symbolic link, and links are not followed; name the folder itself')
  if (!found.isDirectory()) throw unusable(path, 'it is not a folder; choose another path')
  assertPrivateStats(path, found, 'chmod 700')
  return found
}

function statLink(path: string): BigIntStats {
  try {
    return lstatSync(path, { bigint: true })
  } catch (error) {
    throw toFileError(error, 'use the folder', path)
  }
}

/**
 * Makes sure, from what was found at `path`, that it belongs to this user or root and that nobody else may use it.
 *
 * @param remedy the command that makes it private, without the path.
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` otherwise.
 */
export function assertPrivateStats(
  path: string,
  found: Pick<BigIntStats, 'mode' | 'uid'>,
  remedy: string,
): void {
  if ((found.mode & OTHERS) !== 0n) {
    throw unusable(path, `its group or others may use it; make it private: ${remedy} ${path}`)
  }
  const me = BigInt(geteuid?.() ?? 0)
  if (found.uid !== me && found.uid !== 0n) {
    throw unusable(
      path,
      `it belongs to user ${found.uid.toString()}, not to this one (${me.toString()}) or root; run as that user or change its owner`,
    )
  }
}
