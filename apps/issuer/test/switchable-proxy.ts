import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A load balancer in miniature: whoever connects is passed on to the address of the moment. */
export interface SwitchableProxy {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  /** Passes new connections on to another address, `http://<host>:<port>`. */
  switchTo(address: string): void
}

/** Starts one on a free port, for a test, which ends it. */
export async function startSwitchableProxy(): Promise<SwitchableProxy> {
  let target: URL | undefined
  const server = createServer((incoming) => {
    if (target === undefined) {
      incoming.destroy()
      return
    }
    const outgoing = connect(Number(target.port), target.hostname)
    incoming.pipe(outgoing).pipe(incoming)
    incoming.on('error', () => outgoing.destroy())
    outgoing.on('error', () => incoming.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    switchTo(address) {
      target = new URL(address)
    },
  }
}
