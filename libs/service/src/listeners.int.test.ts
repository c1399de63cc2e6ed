import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ListenAddress } from '@workload-identity/settings'
import { createTokenServer, type TlsPair } from '@workload-identity/transport-http'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createListeners } from './listeners.ts'
import { createLogger } from './logging.ts'

const logger = createLogger('error', { write: () => undefined })
const anyPort = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
const http = { logger, trustedProxies: [] }

/** Two servers; a token that is asked for never comes. */
function createFixture(drainMs: number, controlAddress: ListenAddress = anyPort) {
  const asked = Promise.withResolvers<undefined>()
  const servers: ReturnType<typeof createTokenServer>[] = []
  const createSilentServer = () => {
    const server = createTokenServer({
      http,
      sandboxTokens: {
        describe: () => new Promise(() => undefined),
        issue: () => {
          asked.resolve(undefined)
          return new Promise(() => undefined)
        },
      },
    })
    servers.push(server)
    return server
  }
  const listeners = createListeners({
    listeners: {
      token: { address: anyPort, socketMode: 0o660 },
      control: { address: controlAddress, socketMode: 0o600 },
    },
    createServers: () => ({ token: createSilentServer(), control: createSilentServer() }),
    logger,
    drainMs,
    tlsIntervalMs: 1000,
  })
  return { listeners, servers, asked: asked.promise }
}

describe('createListeners', () => {
  it('gives the address of every listener once they are started, not before', async () => {
    const { listeners } = createFixture(1000)
    expect(() => listeners.addresses()).toThrow(TypeError)
    await listeners.start()
    expect(listeners.addresses()).toEqual({
      token: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      control: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
    })
    await listeners.stop()
  })

  it('shows a certificate on TCP that listeners share, and leaves sockets plain', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wid-listeners-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const tls = { certPath: join(folder, 'tls.pem'), keyPath: join(folder, 'tls.key') }
    const self = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
    const files = ['-subj', '/CN=localhost', '-days', '2', '-keyout', tls.keyPath, '-out', tls.certPath]
    execFileSync('openssl', ['req', ...self, ...files], { stdio: 'pipe' })
    const create = (pair: TlsPair | undefined) =>
      createTokenServer({
        http: { ...http, ...(pair !== undefined && { tls: pair }) },
        sandboxTokens: {
          describe: () => Promise.reject(new Error()),
          issue: () => Promise.reject(new Error()),
        },
      })
    const pairs: (TlsPair | undefined)[] = []
    const listeners = createListeners({
      listeners: {
        public: { address: anyPort, socketMode: 0o666, tls },
        token: { address: anyPort, socketMode: 0o660, tls: { ...tls } },
        control: { address: { kind: 'unix', path: join(folder, 'control.sock') }, socketMode: 0o600, tls },
      },
      createServers(given) {
        pairs.push(given.public, given.token, given.control)
        return { public: create(given.public), token: create(given.token), control: create(given.control) }
      },
      logger,
      drainMs: 1000,
      tlsIntervalMs: 1000,
    })
    await listeners.start()
    expect(listeners.addresses()).toEqual({
      public: expect.stringMatching(/^https:/) as string,
      token: expect.stringMatching(/^https:/) as string,
      control: `unix:${join(folder, 'control.sock')}`,
    })
    expect(pairs[1]).toBe(pairs[0])
    expect(pairs[2]).toBeUndefined()
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
    const second = createFixture(1000, { ...anyPort, port: taken })
    await expect(second.listeners.start()).rejects.toThrow(/in use/)
    const { port } = second.servers[0]!.server.address() as AddressInfo
    await second.listeners.stop()
    await first.listeners.stop()
    const socket = connect(port, '127.0.0.1')
    await expect(once(socket, 'connect')).rejects.toThrow(/ECONNREFUSED/)
  })
})
