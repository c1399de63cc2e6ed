import type { Stats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { systemCode } from './folder-error.ts'

/** A token has a kilobyte or two; what is longer was not written here. */
const MAX_BYTES = 64 * 1024

/** A file opened by itself, never through a link; `undefined` when there is none that can be opened so. */
export async function openPlain(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags)
  } catch (error) {
    // ENXIO: a socket, or a pipe that nobody reads.
    if (['ENOENT', 'ELOOP', 'EISDIR', 'ENXIO', 'EACCES'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}

/** What a plain file holds, no more than it did when it was looked at; `undefined` when it is none, or too long. */
export async function readAll(file: FileHandle, found: Stats): Promise<Buffer | undefined> {
  if (!found.isFile() || found.size > MAX_BYTES) return undefined
  const { buffer, bytesRead } = await file.read(Buffer.alloc(found.size), 0, found.size, 0)
  return buffer.subarray(0, bytesRead)
}

/**
 * Writes all of it in one call, and cuts off the end of a longer text afterwards: at no instant is the file empty or cut short.
 *
 * @param lengthBefore how long the file is, in bytes.
 */
export async function overwrite(file: FileHandle, bytes: Buffer, lengthBefore: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten
  }
  if (lengthBefore > bytes.length) await file.truncate(bytes.length)
}
