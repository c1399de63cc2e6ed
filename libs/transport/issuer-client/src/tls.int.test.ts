import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createTestAuthority, type TestCertificate } from './certificates.testing.ts'
import { createIssuerClient } from './create-issuer-client.ts'
import type { ClientTls, IssuerClient } from './issuer-client.ts'
import { ISSUER } from './scripted-server.testing.ts'

let ca: string
let otherCa: string
let server: TestCertificate
let elsewhere: TestCertificate
let nodeOne: TestCertificate
let nodeTwo: TestCertificate
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), 'client-tls-'))
  const authority = createTestAuthority(folder, 'one')
  ca = authority.ca
  otherCa = createTestAuthority(folder, 'two').ca
  server = authority.issue('issuer', 'IP:127.0.0.1,DNS:localhost')
  elsewhere = authority.issue('issuer', 'DNS:elsewhere.example.com')
  nodeOne = authority.issue('node-1', 'DNS:node-1')
  nodeTwo = authority.issue('node-2', 'DNS:node-2')
  rmSync(folder, { recursive: true })
})

const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})
// Nothing that is left over from a test may end another.
afterAll(() => expect(ended).toEqual([]))

/** An issuer that says in `issuer` whose certificate it was shown; `hold` keeps an answer back. */
async function start(
  certificate: TestCertificate,
  hold?: (response: ServerResponse, send: () => void) => void,
) {
  let [open, asked] = [0, 0]
  const names = new WeakMap<object, unknown>()
  const https = createServer(
    { ...certificate, ca, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      asked += 1
      const shown = names.get(request.socket)
      const send = () => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end(JSON.stringify({ ...ISSUER, issuer: shown }))
      }
      if (hold === undefined) send()
      else hold(response, send)
    },
  )
  https.on('secureConnection', (socket) => {
    open += 1
    names.set(socket, socket.authorized ? socket.getPeerCertificate().subject.CN : 'nobody')
    socket.on('close', () => (open -= 1))
  })
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', () => resolve()))
  ended.push(() => {
    https.closeAllConnections()
    return new Promise((resolve) => https.close(resolve))
  })
  const { port } = https.address() as AddressInfo
  return { url: `https://127.0.0.1:${port}`, open: () => open, answered: () => asked }
}

function connect(controlUrl: string, tls: ClientTls): IssuerClient {
  const client = createIssuerClient({ controlUrl, tls, random: () => 0 })
  ended.push(client.close)
  return client
}

const issuerOf = async (client: IssuerClient) => (await client.readIssuer()).issuer
const unavailable = (reason: string) =>
  expect.objectContaining({ code: 'ERR_ISSUER_UNAVAILABLE', details: expect.objectContaining({ reason }) })

describe('createIssuerClient over TLS', () => {
  it('shows its certificate to an issuer that it trusts', async () => {
    const { url } = await start(server)
    expect(await issuerOf(connect(url, { ca, ...nodeOne }))).toBe('node-1')
  })

  it('shows none when it has none', async () => {
    const { url } = await start(server)
    expect(await issuerOf(connect(url, { ca }))).toBe('nobody')
  })

  it('sends nothing to an issuer of another authority', async () => {
    const { url, answered } = await start(server)
    const client = connect(url, { ca: otherCa, ...nodeOne })
    await expect(client.readIssuer()).rejects.toEqual(
      unavailable(expect.stringMatching(/SELF_SIGNED|VERIFY/)),
    )
    expect(answered()).toBe(0)
  })

  it('sends nothing to an issuer of another name', async () => {
    const { url, answered } = await start(elsewhere)
    await expect(connect(url, { ca }).readIssuer()).rejects.toEqual(
      unavailable('ERR_TLS_CERT_ALTNAME_INVALID'),
    )
    expect(answered()).toBe(0)
  })

  it('replaces its certificate for new connections, and lets the earlier ones finish', async () => {
    const held: (() => void)[] = []
    const { url, open } = await start(server, (_response, send) => {
      if (held.length === 0) held.push(send)
      else send()
    })
    const client = connect(url, { ca, ...nodeOne })
    const before = issuerOf(client)
    await expect.poll(() => held.length).toBe(1)
    let isReplaced = false
    const replaced = client.replaceTls({ ca, ...nodeTwo }).then(() => (isReplaced = true))
    expect(await issuerOf(client)).toBe('node-2')
    expect(isReplaced).toBe(false)
    held[0]!()
    expect(await before).toBe('node-1')
    await replaced
    await expect.poll(open).toBe(1)
  })

  it('keeps what it has when the replacement cannot be used', async () => {
    const { url } = await start(server)
    const client = connect(url, { ca, ...nodeOne })
    const replaced = client.replaceTls({ ca, cert: nodeTwo.cert, key: nodeOne.key })
    await expect(replaced).rejects.toMatchObject({ code: 'ERR_REQUEST_INVALID' })
    expect(await issuerOf(client)).toBe('node-1')
  })

  it('closes connections that are being replaced, too', async () => {
    const held: (() => void)[] = []
    const { url, open } = await start(server, (_response, send) => void held.push(send))
    const client = connect(url, { ca, ...nodeOne })
    const waiting = client.readIssuer().catch((error: unknown) => error)
    await expect.poll(() => held.length).toBe(1)
    const replaced = client.replaceTls({ ca, ...nodeTwo })
    await client.close()
    await replaced
    expect(await waiting).toMatchObject({ code: 'ERR_ISSUER_UNAVAILABLE' })
    await expect.poll(open).toBe(0)
  })

  it.each<[string, () => ClientTls]>([
    ['empty authorities', () => ({ ca: '' })],
    ['authorities that are none', () => ({ ca: 'hello' })],
    [
      'authorities that are broken',
      () => ({ ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' }),
    ],
    ['an empty certificate and key', () => ({ cert: '', key: '' })],
    ['a certificate without a key', () => ({ cert: nodeOne.cert })],
    ['a key without a certificate', () => ({ key: nodeOne.key })],
    ['the key of another certificate', () => ({ cert: nodeOne.cert, key: nodeTwo.key })],
    ['a key that is none', () => ({ cert: nodeOne.cert, key: 'hello' })],
  ])('refuses %s with ERR_REQUEST_INVALID, and says nothing of the key', (_, tls) => {
    const create = () => createIssuerClient({ controlUrl: 'https://127.0.0.1:1', tls: tls() })
    expect(create).toThrow(expect.objectContaining({ code: 'ERR_REQUEST_INVALID' }))
    try {
      create()
    } catch (error) {
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('PRIVATE KEY')
    }
  })

  it('refuses certificates for an address without TLS', async () => {
    const client = createIssuerClient({ controlUrl: 'unix:/nonexistent/c.sock' })
    ended.push(client.close)
    await expect(client.replaceTls({ ca })).rejects.toMatchObject({ code: 'ERR_REQUEST_INVALID' })
  })
})
