import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RedisProcess } from './redis-process.ts'

/** Everything in the folder of a server, append-only files and snapshot included, as bytes. */
export async function readServerFiles({ directory }: Pick<RedisProcess, 'directory'>): Promise<Buffer> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return Buffer.concat(
    await Promise.all(files.map(({ parentPath, name }) => readFile(join(parentPath, name)))),
  )
}
