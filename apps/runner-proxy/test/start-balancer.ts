import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A TCP load balancer in miniature: every connection goes to the next of its targets that accepts it. */
export interface Balancer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** Where connections go from now on, each `http://<host>:<port>`. */
  setTargets(urls: readonly string[]): void
}

/** Starts one on a free port, for a test, which ends it. */
export async function startBalancer(): Promise<Balancer> {
  let targets: readonly URL[] = []
  let turn = 0
  const open = new Set<Socket>()

  const pass = (incoming: Socket, left: number) => {
    turn += 1
    const target = targets[turn % targets.length]
    if (target === undefined || left === 0) {
      incoming.destroy()
      return
    }
    const outgoing = connect(Number(target.port), target.hostname)
    const onRefused = () => pass(incoming, left - 1)
    outgoing.once('error', onRefused)
    outgoing.once('connect', () => {
      outgoing.off('error', onRefused)
      outgoing.on('error', () => incoming.destroy())
      outgoing.on('close', () => incoming.destroy())
      incoming.on('close', () => outgoing.destroy())
      incoming.pipe(outgoing).pipe(incoming)
    })
  }
  const server = createServer((incoming) => {
    open.add(incoming)
    incoming.on('error', () => incoming.destroy())
    incoming.on('close', () => open.delete(incoming))
    pass(incoming, targets.length)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setTargets(urls) {
      targets = urls.map((url) => new URL(url))
    },
  }
}
