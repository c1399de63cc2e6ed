import { once } from 'node:events'
import { connect, type AddressInfo } from 'node:net'
import { createFixedClock } from '@workload-identity/core/testing'
import { createLogger } from '@workload-identity/service'
import { createPublicServer, createTokenServer } from '@workload-identity/transport-http'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { IssuerConfig } from './config.ts'
import { createListeners, toTokenUrl, type CreateServers } from './listeners.ts'

const logger = createLogger('error', { write: () => undefined })
const anyPort = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
const http = { logger, trustedProxies: [] }

/** Three servers; a token that is asked for never comes. */
function createFixture(drainMs: number) {
  const asked = Promise.withResolvers<undefined>()
  const createServers: CreateServers = () => {
    const createSilentServer = () =>
      createTokenServer({
        http,
        sandboxTokens: {
          describe: () => new Promise(() => undefined),
          issue: () => {
            asked.resolve(undefined)
            return new Promise(() => undefined)
          },
        },
      })
    return { public: createSilentServer(), token: createSilentServer(), control: createSilentServer() }
  }
  const config = { publicListen: anyPort, tokenListen: anyPort, controlListen: anyPort }
  const listeners = createListeners({
    config: config as IssuerConfig,
    createServers,
    logger,
    drainMs,
    tlsIntervalMs: 1000,
  })
  return { listeners, asked: asked.promise }
}

describe('createListeners', () => {
  it('gives the token endpoint where it listens', async () => {
    const { listeners } = createFixture(1000)
    expect(() => listeners.addresses()).toThrow(TypeError)
    await listeners.start()
    expect(listeners.tokenUrl()).toBe(`${listeners.addresses().token}/v1/token`)
    await listeners.stop()
  })

  it('cuts off requests that take longer than the time for draining', async () => {
    const { listeners, asked } = createFixture(50)
    await listeners.start()
    const { hostname, port } = new URL(listeners.addresses().token)
    const socket = connect(Number(port), hostname)
    onTestFinished(() => void socket.destroy())
    socket.write(`GET /v1/token HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wis_${'s'.repeat(43)}\r\n\r\n`)
    await asked
    const closed = once(socket.resume(), 'close')
    await listeners.stop()
    await closed
  })

  it('closes what it bound when it is stopped after a start that failed', async () => {
    const first = createFixture(1000)
    await first.listeners.start()
    const taken = Number(new URL(first.listeners.addresses().control).port)
    const config = { publicListen: anyPort, tokenListen: anyPort, controlListen: { ...anyPort, port: taken } }
    const servers: ReturnType<CreateServers>[] = []
    const second = createListeners({
      config: config as IssuerConfig,
      createServers: () => {
        const create = () =>
          createPublicServer({
            http,
            jwksAliases: [],
            issuer: { issuerUrl: 'https://issuer.example' as never, discoveryDocument: () => ({}) as never },
            publishKeys: () => ({
              jwks: { keys: [] },
              cache: { maxAge: createFixedClock(60).now() as never },
            }),
          })
        servers.push({ public: create(), token: create(), control: create() })
        return servers[0]!
      },
      logger,
      drainMs: 1000,
      tlsIntervalMs: 1000,
    })
    await expect(second.start()).rejects.toThrow(/in use/)
    const { port } = servers[0]!.public.server.address() as AddressInfo
    await second.stop()
    await first.listeners.stop()
    const socket = connect(port, '127.0.0.1')
    await expect(once(socket, 'connect')).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe('toTokenUrl', () => {
  it.each([
    ['http://127.0.0.1:7123', 'http://127.0.0.1:7123/v1/token'],
    ['https://[::1]:7123', 'https://[::1]:7123/v1/token'],
    ['http://0.0.0.0:7123', 'http://127.0.0.1:7123/v1/token'],
    ['http://[::]:7123', 'http://[::1]:7123/v1/token'],
    ['unix:/run/token.sock', 'unix:/run/token.sock'],
  ])('shows a listener at %s as %s', (address, url) => {
    expect(toTokenUrl(address)).toBe(url)
  })
})
