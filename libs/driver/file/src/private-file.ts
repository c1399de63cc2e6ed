import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { IssuerError } from '@workload-identity/core'
import { systemCode, toFileError, unusable } from './file-error.ts'
import { assertPrivateStats } from './private-directory.ts'

const OWNER_ONLY_FILE = 0o600
// Never through a link, and never waiting for the other end of a named pipe.
const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * The content of the file at `path`, or `undefined` when there is none. Blocks: it is for small files that are in the
 * cache of the operating system.
 *
 * @param maxBytes a longer file is refused unread.
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it cannot be read, is a symbolic link or no regular file, belongs to another
 * user than this one or root, or when its group or others may use it; `ERR_STORE_CORRUPT` when it is longer than `maxBytes`.
 */
export function readPrivateFile(path: string, maxBytes: number): Buffer | undefined {
  let file: number | undefined
  try {
    file = openSync(path, READ)
    return readWhole(file, path, maxBytes)
  } catch (error) {
    if (file === undefined && systemCode(error) === 'ENOENT') return undefined
    throw toFileError(error, 'read', path)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function readWhole(file: number, path: string, maxBytes: number): Buffer {
  const found = fstatSync(file, { bigint: true })
  if (!found.isFile()) throw unusable(path, 'it is not a regular file; remove it')
  assertPrivateStats(path, found, 'chmod 600')
  if (found.size > BigInt(maxBytes)) {
    const reason = `it has ${found.size.toString()} bytes, more than the ${maxBytes} it may have; restore it from a backup`
    throw new IssuerError('ERR_STORE_CORRUPT', `cannot use ${path}: ${reason}`, { details: { path } })
  }
  const content = Buffer.allocUnsafe(Number(found.size))
  let length = 0
  while (length < content.length) {
    const read = readSync(file, content, length, content.length - length, null)
    if (read === 0) break
    length += read
  }
  return content.subarray(0, length)
}

/**
 * Writes a new file (0600, whatever the umask lets through) whose content is durable when this resolves; its name is not
 * until the folder is synced. A part of it may stay behind when that fails. Errors are those of the operating system.
 */
export async function writeNewFile(path: string, content: string): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY_FILE)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}
