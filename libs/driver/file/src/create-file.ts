import { existsSync } from 'node:fs'
import { link, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from './file-error.ts'
import { writeNewFile } from './private-file.ts'
import { createProcessToken } from './process-token.ts'
import { syncDirectory } from './sync-directory.ts'

/**
 * Creates the file at `path` with that content as a whole, durable when this resolves, and gives true; false when there
 * is one already, whose name is durable then. The folder exists. Errors are those of the operating system.
 *
 * A crash may leave `<name>.<token>.tmp` behind, which means nothing.
 */
export async function createFile(path: string, content: string): Promise<boolean> {
  const temporary = `${path}.${createProcessToken()}.tmp`
  try {
    await writeNewFile(temporary, content)
    const created = await linkNew(temporary, path)
    await syncDirectory(dirname(path))
    return created
  } finally {
    await removeQuietly(temporary)
  }
}

/** Gives the file `existing` the further name `path`; false when that is taken. Errors are those of the operating system. */
export async function linkNew(existing: string, path: string): Promise<boolean> {
  try {
    await link(existing, path)
    return true
  } catch (error) {
    const code = systemCode(error)
    // Whoever finds the name taken removes what others wanted to give it, so `existing` may be gone.
    if (code === 'EEXIST' || (code === 'ENOENT' && existsSync(path))) return false
    throw error
  }
}

/** Removes what means nothing any more. Whether that works makes no difference now: whoever tidies next tries again. */
export async function removeQuietly(path: string): Promise<void> {
  await unlink(path).catch(() => undefined)
}
