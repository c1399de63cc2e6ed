import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { createSelfSigned, createTestAuthority, type TestAuthority } from './certificates.testing.ts'
import type { TlsPair } from './http-options.ts'
import { listenOn } from './listen-on.ts'
import { ADMIN_TOKEN, createTestServices, type TestServices } from './services.testing.ts'

let folder: string
let servers: TestAuthority
let clients: TestAuthority
let otherClients: TestAuthority
let serverPair: TlsPair
let node1: TlsPair
let services: TestServices
let url: string
let secret: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'runner-access-'))
  servers = createTestAuthority(folder, 'servers')
  clients = createTestAuthority(folder, 'clients')
  otherClients = createTestAuthority(folder, 'other-clients')
  serverPair = servers.issue({ names: 'IP:127.0.0.1', usage: 'serverAuth' })
  node1 = clients.issue({ names: 'DNS:node-1' })
  services = await createTestServices({ http: { tls: { ...serverPair, clientCa: clients.ca } } })
  services.clock.set(Math.floor(Date.now() / 1000))
  url = await listenOn(services.control, { kind: 'tcp', host: '127.0.0.1', port: 0 })
  secret = await services.registerRunner('node-1')
  await services.registerRunner('node-2')
  await services.registerRunner('rack-1/node-1')
  await services.register({ sandbox_id: 's1', runner_id: 'node-1' })
})
afterAll(async () => {
  await services.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  services.lines.length = 0
})

interface Sent {
  readonly certificate?: TlsPair
  readonly bearer?: string
  readonly path?: string
  readonly agent?: Agent
}

interface Answer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly connection: string | undefined
}

/** Sends a GET over a connection of its own unless an agent is given. */
async function send({ certificate, bearer, path = '/v1/runner/sandboxes', agent }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
    const options = { ca: servers.ca, headers, agent: agent ?? false, ...certificate }
    request(url + path, options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => {
        const body = text.startsWith('{') ? (JSON.parse(text) as Answer['body']) : {}
        resolve({ status: response.statusCode ?? 0, body, connection: response.headers.connection })
      })
    })
      .on('error', reject)
      .end()
  })
}

function refusal(error_description: string | RegExp) {
  const text =
    typeof error_description === 'string' ? error_description : expect.stringMatching(error_description)
  return { status: 401, body: { error: 'invalid_token', error_description: text as string } }
}

const certificates: Readonly<Record<string, () => TlsPair>> = {
  'one that signed itself': () => createSelfSigned(folder, 'DNS:node-1'),
  'one of another authority': () => otherClients.issue({ names: 'DNS:node-1' }),
  'one that has expired': () => clients.issue({ names: 'DNS:node-1', days: -1 }),
  'one for servers': () => clients.issue({ names: 'DNS:node-1', usage: 'serverAuth' }),
}
const namesOfNobody: Readonly<Record<string, () => TlsPair>> = {
  'one with two names': () => clients.issue({ names: 'DNS:node-1,DNS:node-2' }),
  'one with the right common name and another name': () =>
    clients.issue({ subject: 'node-1', names: 'DNS:node-3' }),
  'one with the right common name and no name': () => clients.issue({ subject: 'node-1' }),
  'one with a name and a URI': () => clients.issue({ names: 'DNS:node-1,URI:wid:runner:node-1' }),
  'one without a usage': () => clients.issue({ names: 'DNS:node-1', usage: '' }),
}

describe('requireRunner', () => {
  it.each([
    ['DNS:node-1', 'node-1'],
    ['URI:wid:runner:node-1', 'node-1'],
    ['URI:wid:runner:rack-1%2Fnode-1', 'rack-1/node-1'],
    ['IP:10.0.0.1,DNS:node-1,URI:spiffe://example.com/x', 'node-1'],
  ])('takes a certificate with the names %s for that of %s', async (names, runnerId) => {
    const answer = await send({ certificate: clients.issue({ names }) })
    expect(answer).toMatchObject({ status: 200, body: { runner_id: runnerId } })
    const [line] = services.lines.filter(({ message }) => message === 'answered')
    expect(line?.facts).toMatchObject({ route: '/v1/runner/sandboxes', runner_id: runnerId })
  })

  it('takes a secret, and says nowhere what it is', async () => {
    expect(await send({ bearer: secret })).toMatchObject({ status: 200, body: { runner_id: 'node-1' } })
    expect(JSON.stringify(services.lines)).toContain('"runner_id":"node-1"')
    expect(JSON.stringify(services.lines)).not.toContain(secret)
  })

  it('takes a secret and a certificate of the same runner, and of two of them neither', async () => {
    expect(await send({ certificate: node1, bearer: secret })).toMatchObject({ status: 200 })
    const other = clients.issue({ names: 'DNS:node-2' })
    expect(await send({ certificate: other, bearer: secret })).toMatchObject(
      refusal('the secret and the client certificate are not of the same runner'),
    )
    expect(await send({ certificate: node1, bearer: 'wir_unknown' })).toMatchObject(
      refusal('the secret is not that of a runner'),
    )
  })

  it('needs one of them', async () => {
    expect(await send({})).toMatchObject(refusal('Authorization: Bearer <secret> is missing'))
  })

  it.each(Object.keys(certificates))('refuses %s, with a secret and without', async (kind) => {
    const certificate = certificates[kind]!()
    const expected = refusal(/^the client certificate is not valid \([A-Z_]+\)$/)
    expect(await send({ certificate })).toMatchObject(expected)
    expect(await send({ certificate, bearer: secret })).toMatchObject(expected)
  })

  it.each(Object.keys(namesOfNobody))('refuses %s, with a secret and without', async (kind) => {
    const certificate = namesOfNobody[kind]!()
    expect(await send({ certificate })).toMatchObject({ status: 401, body: { error: 'invalid_token' } })
    expect(await send({ certificate, bearer: secret })).toMatchObject({ status: 401 })
  })

  it('refuses whatever an invalid certificate comes with, on every route', async () => {
    const certificate = certificates['one of another authority']!()
    for (const path of ['/v1/sandboxes', '/v1/issuer', '/v1/keys', '/livez', '/metrics']) {
      expect(await send({ certificate, bearer: ADMIN_TOKEN, path })).toMatchObject({ status: 401 })
    }
  })

  it('refuses the certificate and the secret of a runner that was ended, on open connections, too', async () => {
    const ended = await services.registerRunner('node-9')
    const certificate = clients.issue({ names: 'DNS:node-9' })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    expect(await send({ certificate, agent })).toMatchObject({ status: 200 })
    await services.asAdmin('DELETE', '/v1/runners/node-9')
    expect(await send({ certificate, agent })).toMatchObject(
      refusal('the certificate names no runner that is registered'),
    )
    expect(await send({ bearer: ended })).toMatchObject(refusal('the secret is not that of a runner'))
  })

  it('refuses a certificate that expires on an open connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const before = services.clock.now()
    onTestFinished(() => {
      agent.destroy()
      services.clock.set(before)
    })
    expect(await send({ certificate: node1, agent })).toMatchObject({ status: 200 })
    services.clock.advance(2 * 86_400 + 60)
    expect(await send({ certificate: node1, agent })).toMatchObject(
      refusal('the client certificate is not valid (CERT_HAS_EXPIRED)'),
    )
  })

  it('cannot tell while the store is away, and answers 503', async () => {
    services.storage.unavailable = true
    onTestFinished(() => {
      services.storage.unavailable = false
    })
    expect(await send({ certificate: node1 })).toMatchObject({ status: 503 })
    expect(await send({ bearer: secret })).toMatchObject({ status: 503 })
  })
})

describe('a client certificate', () => {
  it('does not help on routes of admins, and does not hinder there', async () => {
    expect(await send({ certificate: node1, path: '/v1/sandboxes' })).toMatchObject(
      refusal('Authorization: Bearer <secret> is missing'),
    )
    const asRunner = { certificate: node1, bearer: secret, path: '/v1/sandboxes' }
    expect(await send(asRunner)).toMatchObject(refusal('the admin token is not known'))
    expect(await send({ ...asRunner, bearer: ADMIN_TOKEN })).toMatchObject({ status: 200 })
  })

  it('opens the facts of the issuer, as a secret and an admin token do', async () => {
    const path = '/v1/issuer'
    expect(await send({ certificate: node1, path })).toMatchObject({ status: 200 })
    expect(await send({ bearer: secret, path })).toMatchObject({ status: 200 })
    expect(await send({ bearer: ADMIN_TOKEN, path })).toMatchObject({ status: 200 })
    expect(await send({ certificate: node1, bearer: ADMIN_TOKEN, path })).toMatchObject({ status: 200 })
    expect(await send({ path })).toMatchObject({ status: 401 })
    expect(await send({ bearer: 'wir_unknown', path })).toMatchObject({ status: 401 })
    expect(await send({ certificate: node1, bearer: 'wia_unknown', path })).toMatchObject({ status: 401 })
  })

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is shown anew by each connection of %s', async (version) => {
    const options = { ...node1, maxVersion: version }
    const session = await readSession(options)
    const second = await open(session === undefined ? options : { ...options, session })
    onTestFinished(() => void second.destroy())
    expect(second.isSessionReused()).toBe(false)
  })

  // Node would go on taking the connection for authorized, with whatever certificate is shown then.
  it('is not exchanged for another one on an open connection', async () => {
    const socket = await open({ ...node1, maxVersion: 'TLSv1.2' })
    onTestFinished(() => void socket.destroy())
    const outcome = new Promise<string>((resolve) => {
      socket.on('error', () => resolve('refused')).on('close', () => resolve('refused'))
      socket.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : 'refused'))
    })
    expect(await outcome).toBe('refused')
  })

  it('of replaced authorities counts no more, and those of the new ones do', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => {
      agent.destroy()
      services.control.replaceTls({ ...serverPair, clientCa: clients.ca })
    })
    expect(await send({ certificate: node1, agent, path: '/v1/issuer' })).toMatchObject({ status: 200 })
    // Not idle when the authorities change: it is in the middle of a request, or still of the handshake.
    const socket = await open(node1)
    socket.write('GET /v1/issuer HTTP/1.1\r\nHost: x\r\n')
    services.control.replaceTls({ ...serverPair, clientCa: otherClients.ca })
    const cut = new Promise<string>((resolve) => {
      let text = ''
      socket.setEncoding('utf8').on('data', (part: string) => (text += part))
      socket.on('close', () => resolve(text)).on('error', () => resolve(text))
    })
    socket.write('\r\n')
    expect(await cut).toMatch(/^HTTP\/1\.1 503 /)
    expect(await send({ certificate: node1 })).toMatchObject({ status: 401 })
    const renewed = otherClients.issue({ names: 'DNS:node-1' })
    expect(await send({ certificate: renewed })).toMatchObject({ status: 200 })
  })

  it('is not asked for by a server without authorities', async () => {
    const plain = await createTestServices({ http: { tls: serverPair } })
    onTestFinished(() => plain.close().then(() => undefined))
    expect(plain.control.clientCertificates).toBeUndefined()
  })
})

function open(options: ConnectionOptions): Promise<TLSSocket> {
  const { port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca: servers.ca, ...options })
    socket.once('secureConnect', () => resolve(socket)).once('error', reject)
  })
}

/** The session that a server gives with its first answer, if it gives one. */
async function readSession(options: ConnectionOptions): Promise<Buffer | undefined> {
  const socket = await open(options)
  let session: Buffer | undefined = socket.getSession()
  socket.on('session', (given: Buffer) => (session = given))
  await new Promise((resolve) => {
    socket.once('data', resolve)
    socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
  })
  socket.destroy()
  return session
}
