import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from './file-error.ts'
import { syncDirectory } from './sync-directory.ts'

/**
 * Makes sure that there is a folder at `path`, at any depth below `root`, which exists; what it creates is 0700 and durable
 * when this resolves. Errors are those of the operating system.
 */
export async function createDirectory(root: string, path: string): Promise<void> {
  if (path === root) return
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === root) throw error
    await createDirectory(root, dirname(path))
    await createDirectory(root, path)
    return
  }
  await syncDirectory(dirname(path))
}
