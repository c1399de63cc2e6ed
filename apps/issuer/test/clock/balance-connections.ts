import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A port that hands its connections to several others in turn, as the load balancer of an issuer does. */
export interface Balancer {
  readonly port: number
  /** The ports of 127.0.0.1 that take turns from now on. */
  setTargets(ports: readonly number[]): void
}

/** Starts a balancer on a free port; it is closed after the test. */
export async function startBalancer(): Promise<Balancer> {
  let targets: readonly number[] = []
  let turn = 0
  const sockets = new Set<Socket>()
  const server = createServer((incoming) => {
    const port = targets[turn++ % targets.length]
    if (port === undefined) return void incoming.destroy()
    const outgoing = connect(port, '127.0.0.1')
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket)
      socket.on('error', () => [incoming, outgoing].forEach((end) => end.destroy()))
      socket.on('close', () => sockets.delete(socket))
    }
    incoming.pipe(outgoing).pipe(incoming)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    const closed = once(server, 'close')
    server.close()
    for (const socket of sockets) socket.destroy()
    await closed
  })
  const { port } = server.address() as AddressInfo
  return { port, setTargets: (ports) => void (targets = ports) }
}
