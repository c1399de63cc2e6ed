import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/**
 * What a proxy does with connections:
 * - `pass`: forwards everything;
 * - `slow`: everything arrives `delayMs` later;
 * - `half-open`: connections are accepted, and nothing is ever forwarded either way;
 * - `drop-answers`: the server gets what it is sent, its answers get lost;
 * - `cut`: a connection breaks in the middle of an answer, after `bytes` of answers.
 */
export type ProxyMode =
  | { readonly kind: 'pass' | 'half-open' | 'drop-answers' }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'cut'; readonly bytes: number }

/** A TCP proxy on a free port of the loopback interface, between one issuer and its Redis. */
export interface RedisProxy {
  readonly port: number
  /** What becomes of connections, also of those that are open. Connections that lost bytes are closed first. */
  setMode(mode: ProxyMode): void
  stop(): Promise<void>
}

/** Starts a proxy that passes everything on to a server. */
export async function startRedisProxy(server: {
  readonly host: string
  readonly port: number
}): Promise<RedisProxy> {
  let mode: ProxyMode = { kind: 'pass' }
  const links = new Set<Link>()
  const listener = createServer((client) => {
    const link = createLink(client, connect(server), () => mode)
    links.add(link)
    client.once('close', () => links.delete(link))
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    setMode(next) {
      mode = next
      // TCP loses no bytes in the middle: whoever lost some has to see a broken connection, not the next answer.
      for (const link of links) if (link.hasLostBytes()) link.close()
    },
    async stop() {
      const closed = once(listener, 'close')
      listener.close()
      for (const link of links) link.close()
      await closed
    },
  }
}

interface Link {
  hasLostBytes(): boolean
  close(): void
}

/** Ties a client to a server until one of them closes. */
function createLink(client: Socket, server: Socket, modeNow: () => ProxyMode): Link {
  let lost = false
  let answered = 0
  const close = () => {
    client.destroy()
    server.destroy()
  }
  for (const socket of [client, server]) {
    socket.setNoDelay(true)
    // Its error is told by the close that follows.
    socket.on('error', () => {})
    socket.once('close', close)
  }
  const forward = (chunk: Buffer, { to, queue }: { readonly to: Socket; readonly queue: Buffer[] }) => {
    const mode = modeNow()
    const isAnswer = to === client
    if (mode.kind === 'half-open' || (mode.kind === 'drop-answers' && isAnswer)) {
      lost = true
      return
    }
    queue.push(chunk)
    const deliver = () => {
      // The first of the queue, so that bytes stay in order whichever timer is first.
      const next = queue.shift()
      if (next !== undefined && !to.destroyed) to.write(next)
    }
    if (mode.kind === 'slow') {
      setTimeout(deliver, mode.delayMs)
      return
    }
    if (mode.kind === 'cut' && isAnswer) {
      answered += chunk.length
      if (answered > mode.bytes) {
        queue.length = 0
        client.write(chunk.subarray(0, Math.floor(chunk.length / 2)), close)
        return
      }
    }
    deliver()
  }
  const toServer = { to: server, queue: [] }
  const toClient = { to: client, queue: [] }
  client.on('data', (chunk: Buffer) => forward(chunk, toServer))
  server.on('data', (chunk: Buffer) => forward(chunk, toClient))
  return { hasLostBytes: () => lost, close }
}
