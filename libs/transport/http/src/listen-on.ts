import type { Server as HttpServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { ListenError } from './listen-error.ts'
import { bindSocket, removeStaleSocket } from './unix-socket.ts'

/** Where a server listens: a TCP port (0 picks a free one) or a Unix socket. */
export type ListenTarget =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** How a server listens. */
export interface ListenOptions {
  /** Permissions of a Unix socket; 0600 unless given. */
  readonly socketMode?: number
}

/**
 * Lets a server listen and gives the URL it really bound: `http(s)://<address>:<port>` with IPv6 in brackets, or
 * `unix:<path>`. A socket has its permissions from its first instant and is removed when the server is closed; one that
 * a dead process left behind is removed only after it refused a connection.
 *
 * @throws {ListenError} when the address cannot be had; its sentence names the address and says what to do.
 */
export async function listenOn(
  server: FastifyInstance,
  address: ListenTarget,
  { socketMode = 0o600 }: ListenOptions = {},
): Promise<string> {
  await server.ready()
  if (address.kind === 'tcp') {
    const { host, port } = address
    await listening(server.server, () => server.server.listen({ host, port }), formatHost(host, port))
    return formatUrl(server.server)
  }
  const name = `unix:${address.path}`
  await removeStaleSocket(address.path)
  await listening(server.server, () => bindSocket(server.server, address.path, socketMode), name)
  return name
}

/**
 * Makes sure that a server could listen at each of the addresses, all at the same time, without serving anything: they are
 * bound and given back. Whoever binds one afterwards is still first.
 *
 * @throws {ListenError} as {@link listenOn}.
 */
export async function assertCanListen(addresses: readonly ListenTarget[]): Promise<void> {
  const held: Server[] = []
  try {
    for (const address of addresses) {
      const server = createServer((connection) => connection.destroy())
      await hold(server, address)
      held.push(server)
    }
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

async function hold(server: Server, address: ListenTarget): Promise<void> {
  if (address.kind === 'tcp') {
    const { host, port } = address
    return listening(server, () => server.listen({ host, port }), formatHost(host, port))
  }
  await removeStaleSocket(address.path)
  return listening(server, () => bindSocket(server, address.path, 0o600), `unix:${address.path}`)
}

function listening(server: Server, listen: () => void, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException) => {
      server.off('listening', onListening)
      reject(new ListenError(`cannot listen on ${name}: ${explain(error)}`, { cause: error }))
    }
    const onListening = () => {
      server.off('error', onError)
      resolve()
    }
    server.once('error', onError)
    server.once('listening', onListening)
    listen()
  })
}

function explain({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'it is in use; stop the process that listens there, or choose another address'
    case 'EACCES':
      return 'this is not permitted; ports below 1024 need a privilege, and a socket a folder that exists and is writable'
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'that name has no address'
    default:
      return message
  }
}

function formatUrl(server: HttpServer): string {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('the server is not listening on TCP')
  const scheme = 'setSecureContext' in server ? 'https' : 'http'
  return `${scheme}://${formatHost(bound.address, bound.port)}`
}

function formatHost(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
