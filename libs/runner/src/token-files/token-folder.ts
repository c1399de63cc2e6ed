import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, opendir, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { isFileName } from './file-changes.ts'
import { systemCode, toFolderError } from './folder-error.ts'
import { forEachLimited } from './for-each-limited.ts'
import {
  checkRoot,
  give,
  isGiven,
  isSandboxFolder,
  prepareRoot,
  prepareSandboxFolder,
  takeBackSandboxFolder,
  type TokenFileOwner,
} from './owned-directory.ts'
import { openPlain, overwrite, readAll } from './plain-file.ts'

/** Where token files are, and whose. */
export interface TokenFolderOptions {
  /** Of the folder that holds one folder for each sandbox; created (0711) when it is missing. */
  readonly path: string
  /** To whom folders and files are given; whoever runs the proxy unless given. Another user than that takes root's rights. */
  readonly owner?: TokenFileOwner
  /**
   * Changes files in place once they are there, for mounts of single files, which would go on showing the old file. A reader
   * may then see the beginning of the new token with the end of the old one, whose signature no verifier accepts.
   */
  readonly writeInPlace?: boolean
}

/** A file that was found. */
export interface FoundFile {
  readonly name: string
  readonly text: string
}

/**
 * The files of tokens, by the folder of their sandbox and their name. Nothing here follows a link, or uses a folder that is
 * a link or belongs to somebody else. One sandbox's files are changed one after the other by whoever calls.
 *
 * Every operation throws {@link IssuerError} `ERR_STORE_UNAVAILABLE` when it cannot do what it says; a file then is as it was.
 */
export interface TokenFolder {
  /** Makes sure that it can be used, and removes what a crash left half-written. */
  open(): Promise<void>
  /** What there is in the folder of a sandbox; nothing when there is no such folder. */
  look(folder: string): Promise<readonly FoundFile[]>
  /** Writes a file (0640) as a whole, or in place. A crash of the machine may leave it empty. */
  write(folder: string, name: string, text: string): Promise<void>
  /** Removes a file; `false` when there was none. */
  removeFile(folder: string, name: string): Promise<boolean>
  /** Removes the folder of a sandbox with its files; `false` when there was none. */
  remove(folder: string): Promise<boolean>
  /** The absolute path of a file. */
  pathOf(folder: string, name: string): string
}

const TOKEN_FILE = 0o640
/** A sandbox that owns its folder can put anything there, and is not to fill the memory with it. */
const MAX_FILES = 64
const MAX_ENTRIES = 1000
const AT_ONCE = 16
const folderName = /^[A-Za-z0-9_-]{43}$/
const probeName = /^\.[0-9a-f]{16}\.tmp$/
const temporaryName = /^\.[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.[0-9a-f]{16}\.tmp$/
// Never through a link, and never waiting for the other end of a named pipe.
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
const CHANGE = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** Makes a {@link TokenFolder}. Touches nothing before it is opened, and holds no handle: there is nothing to close. */
export function createTokenFolder(options: TokenFolderOptions): TokenFolder {
  const root = resolve(options.path)
  const { owner = {}, writeInPlace = false } = options
  const pathOf = (folder: string, name: string) => join(root, folder, name)

  /** Whether the file could be changed in place; one that is not plainly ours is replaced instead. */
  const change = async (path: string, text: string) => {
    const file = await openPlain(path, CHANGE)
    if (file === undefined) return false
    try {
      const found = await file.stat()
      // A further name means that somebody else uses the same file for something else. And the owner of the folder may
      // have moved a file of ours into it, which must not be given to him with what it holds.
      if (!found.isFile() || found.nlink !== 1 || !isGiven(found, owner)) return false
      const before = await readAll(file, found)
      if (before === undefined) return false
      await give(file, found, owner, TOKEN_FILE)
      await overwrite(file, Buffer.from(text), before.length).catch(async (error: unknown) => {
        // A full disk has room for what was there.
        await overwrite(file, before, Infinity).catch(() => undefined)
        throw error
      })
      return true
    } finally {
      await file.close()
    }
  }
  const replace = async (folder: string, name: string, text: string) => {
    const temporary = pathOf(folder, `.${name}.${randomBytes(8).toString('hex')}.tmp`)
    try {
      const file = await open(temporary, CREATE, 0o600)
      try {
        await file.writeFile(text)
        await give(file, await file.stat(), owner, TOKEN_FILE)
      } finally {
        await file.close()
      }
      await rename(temporary, pathOf(folder, name))
    } catch (error) {
      await unlink(temporary).catch(() => undefined)
      throw error
    }
  }
  const tidy = async (folder: string) => {
    const path = join(root, folder)
    // What is not ours is left alone: whoever wants to write there is told.
    if (!(await isSandboxFolder(path, owner).catch(() => false))) return
    const names = await firstNames(path).catch(() => [])
    for (const name of names.filter((one) => temporaryName.test(one))) {
      await unlink(join(path, name)).catch(() => undefined)
    }
  }
  return {
    async open() {
      await prepareRoot(root)
      try {
        // A folder that is made, given away and removed shows now what would fail later for every sandbox.
        const probe = join(root, `.${randomBytes(8).toString('hex')}.tmp`)
        await prepareSandboxFolder(probe, owner).finally(() => rmdir(probe).catch(() => undefined))
        const folders = await readdir(root)
        for (const name of folders.filter((one) => probeName.test(one))) {
          await rmdir(join(root, name)).catch(() => undefined)
        }
        await forEachLimited(
          folders.filter((name) => folderName.test(name)),
          AT_ONCE,
          tidy,
        )
      } catch (error) {
        throw toFolderError(error, 'use the folder', root)
      }
    },
    async look(folder) {
      const path = join(root, folder)
      await checkRoot(root)
      if (!(await isSandboxFolder(path, owner))) return []
      const found: FoundFile[] = []
      try {
        for (const name of (await firstNames(path)).filter(isFileName).slice(0, MAX_FILES)) {
          const text = await readPlain(join(path, name))
          if (text !== undefined) found.push({ name, text })
        }
      } catch (error) {
        throw toFolderError(error, 'read', path)
      }
      return found
    },
    async write(folder, name, text) {
      await checkRoot(root)
      await prepareSandboxFolder(join(root, folder), owner)
      const path = pathOf(folder, name)
      try {
        if (!writeInPlace || !(await change(path, text))) await replace(folder, name, text)
      } catch (error) {
        throw toFolderError(error, 'write', path)
      }
    },
    async removeFile(folder, name) {
      await checkRoot(root)
      if (!(await isSandboxFolder(join(root, folder), owner))) return false
      const path = pathOf(folder, name)
      return unlinkIfThere(path).catch((error: unknown) => {
        throw toFolderError(error, 'remove', path)
      })
    },
    async remove(folder) {
      const path = join(root, folder)
      await checkRoot(root)
      if (!(await takeBackSandboxFolder(path, owner))) return false
      try {
        for (const entry of await readdir(path, { withFileTypes: true })) {
          // Every file goes, whatever cannot be removed. No deeper: what is below a folder that others made could be
          // exchanged for links while it is walked.
          if (entry.isDirectory()) await rmdir(join(path, entry.name)).catch(() => undefined)
          else await unlinkIfThere(join(path, entry.name))
        }
        await rmdir(path)
        return true
      } catch (error) {
        throw toFolderError(error, 'remove', path)
      }
    },
    pathOf,
  }
}

async function readPlain(path: string): Promise<string | undefined> {
  const file = await openPlain(path, READ)
  if (file === undefined) return undefined
  try {
    return (await readAll(file, await file.stat()))?.toString('latin1')
  } finally {
    await file.close()
  }
}

/** Some of the names in a folder; all of them where nobody but the proxy writes. */
async function firstNames(path: string): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of await opendir(path)) {
    names.push(name)
    if (names.length === MAX_ENTRIES) break
  }
  return names
}

async function unlinkIfThere(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    return false
  }
}
