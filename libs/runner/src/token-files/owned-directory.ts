import { constants, type Stats } from 'node:fs'
import { chmod, lstat, mkdir, open, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { geteuid } from 'node:process'
import { systemCode, toFolderError, unusable } from './folder-error.ts'

/** To whom folders and files of tokens are given, by number; absent = whoever runs the proxy. */
export interface TokenFileOwner {
  readonly uid?: number
  readonly gid?: number
}

// Names can be guessed from sandbox IDs, but not listed.
const ROOT_FOLDER = 0o711
const SANDBOX_FOLDER = 0o750
const PERMISSIONS = 0o7777
const WRITABLE_BY_OTHERS = 0o022
// Never through a link.
const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW

/**
 * Makes sure that the folder of all token files can be trusted with them, and creates it (0711) when it is missing.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it cannot be created or looked at, is a symbolic link or no folder, belongs to
 * another user than this one or root, or when its group or others may write to it.
 */
export async function prepareRoot(path: string): Promise<void> {
  try {
    await createFolders(path)
  } catch (error) {
    // A link or a file in its place is told better by looking at it.
    if (systemCode(error) !== 'EEXIST') throw toFolderError(error, 'create the folder', path)
  }
  await checkRoot(path)
}

/**
 * Makes a folder and those above it that are not there yet. Not Node's recursive mkdir, which never ends where a folder is
 * refused with ENOENT (`/proc`).
 */
async function createFolders(path: string): Promise<void> {
  try {
    await createFolder(path)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return
    if (systemCode(error) !== 'ENOENT') throw error
    await createFolders(dirname(path))
    await createFolder(path)
  }
}

async function createFolder(path: string): Promise<void> {
  await mkdir(path, { mode: ROOT_FOLDER })
  // Whatever the umask: sandboxes have to get through.
  await chmod(path, ROOT_FOLDER)
}

/** Makes sure that the folder of all token files still can be trusted. @throws {IssuerError} as {@link prepareRoot} does. */
export async function checkRoot(path: string): Promise<void> {
  const found = await lookAt(path)
  if (found === undefined) throw unusable(path, 'it is gone; see that its disk is mounted')
  assertRealFolder(path, found)
  const me = effectiveUser()
  if (found.uid !== me && found.uid !== 0) {
    throw unusable(path, `it belongs to user ${found.uid}, not to this one (${me}) or root`)
  }
  if ((found.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw unusable(path, `its group or others may write to it; forbid it: chmod go-w ${path}`)
  }
}

/**
 * Makes sure that the folder of one sandbox is there, is 0750 and belongs to `owner`. Its parent has passed
 * {@link checkRoot}, so that nobody else can put another one in its place meanwhile.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it is a link or not ours.
 */
export async function prepareSandboxFolder(path: string, owner: TokenFileOwner): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw toFolderError(error, 'create the folder', path)
  }
  const handle = await openOwned(path, owner)
  if (handle === undefined) throw unusable(path, 'it was removed while it was being used')
  try {
    await give(handle, await handle.stat(), owner, SANDBOX_FOLDER)
  } catch (error) {
    throw toFolderError(error, 'give away', path)
  } finally {
    await handle.close()
  }
}

/**
 * Takes the folder of one sandbox back (0700), so that nobody else gets at it by its name any more. `false` when there is none.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it is a link or not ours.
 */
export async function takeBackSandboxFolder(path: string, owner: TokenFileOwner): Promise<boolean> {
  const handle = await openOwned(path, owner)
  if (handle === undefined) return false
  try {
    await give(handle, await handle.stat(), owner.uid === undefined ? {} : { uid: effectiveUser() }, 0o700)
    return true
  } catch (error) {
    throw toFolderError(error, 'take back', path)
  } finally {
    await handle.close()
  }
}

/** Whether there is a folder of ours at `path`. @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it is a link or not ours. */
export async function isSandboxFolder(path: string, owner: TokenFileOwner): Promise<boolean> {
  const found = await lookAt(path)
  if (found !== undefined) assertOwned(path, found, owner)
  return found !== undefined
}

/** Gives an open file or folder the owner and the mode, where it has others; by its handle, so that no link is followed. */
export async function give(
  handle: FileHandle,
  found: Stats,
  { uid = found.uid, gid = found.gid }: TokenFileOwner,
  mode: number,
): Promise<void> {
  // The owner first: what changes hands loses special bits, and is to be readable by its new group only.
  if (uid !== found.uid || gid !== found.gid) await handle.chown(uid, gid)
  if ((found.mode & PERMISSIONS) !== mode) await handle.chmod(mode)
}

/** Whether a file already belongs to the one that such are given to. */
export function isGiven({ uid }: Stats, owner: TokenFileOwner): boolean {
  return uid === (owner.uid ?? effectiveUser())
}

/** Whether a file or folder belongs to this user, or to the one that such are given to. */
function isOwn({ uid }: Stats, owner: TokenFileOwner): boolean {
  return uid === effectiveUser() || uid === owner.uid
}

async function openOwned(path: string, owner: TokenFileOwner): Promise<FileHandle | undefined> {
  const found = await lookAt(path)
  if (found === undefined) return undefined
  assertOwned(path, found, owner)
  try {
    return await open(path, FOLDER)
  } catch (error) {
    throw toFolderError(error, 'use the folder', path)
  }
}

function assertOwned(path: string, found: Stats, owner: TokenFileOwner): void {
  assertRealFolder(path, found)
  if (isOwn(found, owner)) return
  throw unusable(path, `it belongs to user ${found.uid}, who is not the one that such folders are given to`)
}

function assertRealFolder(path: string, found: Stats): void {
  if (found.isSymbolicLink()) {
    throw unusable(path, 'it is a symbolic link, and links are not followed; put the folder itself there')
  }
  if (!found.isDirectory()) throw unusable(path, 'it is not a folder; remove it or choose another path')
}

async function lookAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw toFolderError(error, 'look at', path)
  }
}

function effectiveUser(): number {
  return geteuid?.() ?? 0
}
