import { chmodSync } from 'node:fs'
import { lstat, unlink } from 'node:fs/promises'
import { connect, type Server } from 'node:net'
import { ListenError } from './listen-error.ts'

/**
 * Binds a Unix socket that is never open to more than `mode` allows. The mask of the process decides what a new socket
 * allows, and Node binds before `listen` returns, so the mask is narrowed for just that call. Bits of the owner are left
 * alone in it, so that a file made at the same moment by another thread lacks nothing; they are set afterwards.
 */
export function bindSocket(server: Server, path: string, mode: number): void {
  const mask = process.umask(~mode & 0o077)
  try {
    server.listen({ path })
  } finally {
    process.umask(mask)
  }
  // Nothing is bound when listening failed; the server then reports it by its `error` event.
  if (server.listening) chmodSync(path, mode)
}

/**
 * Removes the socket of a process that is gone: one that refuses a connection.
 *
 * @throws {ListenError} when a process listens there, when that cannot be told, or when the path is something else.
 */
export async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstatIfAny(path)
  if (found === undefined) return
  if (!found.isSocket()) {
    throw new ListenError(
      `cannot listen on unix:${path}: a file that is no socket is there; choose another path`,
    )
  }
  const code = await tryToConnect(path)
  if (code === undefined) {
    throw new ListenError(
      `cannot listen on unix:${path}: a process listens there; stop it, or choose another path`,
    )
  }
  if (code === 'ENOENT') return
  if (code !== 'ECONNREFUSED') {
    throw new ListenError(`cannot listen on unix:${path}: it cannot be told whether it is in use (${code})`)
  }
  // Somebody else may have replaced the stale socket by a live one since it was looked at.
  const again = await lstatIfAny(path)
  if (again?.ino === found.ino && again.ctimeMs === found.ctimeMs) await unlink(path)
}

async function lstatIfAny(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new ListenError(`cannot listen on unix:${path}: the path cannot be read (${codeOf(error)})`, {
      cause: error,
    })
  }
}

/** The code of the error with which a connection fails; `undefined` when it succeeds. */
function tryToConnect(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (error) => {
      socket.destroy()
      resolve(codeOf(error))
    })
  })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
