import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { createIssuerClient } from './create-issuer-client.ts'
import type { IssuerClient, IssuerClientOptions, IssuerTry } from './issuer-client.ts'
import { IssuerRefusal } from './issuer-refusal.ts'
import {
  ISSUER,
  json,
  refusal,
  reset,
  silence,
  startScriptedServer,
  TOKEN,
  type Answer,
  type ScriptedServer,
} from './scripted-server.testing.ts'

const SECRET = 'wir_secret-of-a-runner-that-nobody-must-see'
const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

type Started = ScriptedServer & { readonly client: IssuerClient; readonly tries: IssuerTry[] }

async function start(
  answers: readonly Answer[],
  options: Partial<IssuerClientOptions> = {},
): Promise<Started> {
  const server = await startScriptedServer(answers)
  const tries: IssuerTry[] = []
  const client = createIssuerClient({
    controlUrl: server.url,
    bearer: () => SECRET,
    random: () => 0,
    onTry: (facts) => void tries.push(facts),
    ...options,
  })
  ended.push(server.close, client.close)
  return { ...server, client, tries }
}

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error,
  )
const unavailable = (details: object = {}) =>
  expect.objectContaining({ code: 'ERR_ISSUER_UNAVAILABLE', details: expect.objectContaining(details) })

const entry = (sandbox_id: string) => ({ sandbox_id, ...TOKEN })
const list = { runner_id: 'node-1', registry_id: 'r', sandboxes: [], ended: [] }
const sandbox = { sandbox_id: 'a/b', app: 'web', runner_id: null, created_at: 1 }
const withSecret = { sandbox_id: 'a/b', app: 'web', runner_id: null, secret: 'wis_x', env: {} }
const runner = { runner_id: 'node-1', token_url: null, token_dir: null, secret: 'wir_x' }
const page = { items: [], next: null }

describe('createIssuerClient', () => {
  it.each<[string, (client: IssuerClient) => Promise<unknown>, Answer, string, object | undefined, unknown]>([
    [
      'mintTokens',
      (client) => client.mintTokens([{ sandbox_id: 's1', audience: 'sts' }]),
      json(200, { results: [entry('s1')] }),
      'POST /v1/runner/tokens',
      { requests: [{ sandbox_id: 's1', audience: 'sts' }] },
      [entry('s1')],
    ],
    [
      'listAssignments',
      (client) => client.listAssignments(),
      json(200, list, { etag: '"1"' }),
      'GET /v1/runner/sandboxes',
      undefined,
      { etag: '"1"', list },
    ],
    [
      'mintSystemToken',
      (client) => client.mintSystemToken({ workload: 'puller' }),
      json(200, TOKEN),
      'POST /v1/runner/system-tokens',
      { workload: 'puller' },
      TOKEN,
    ],
    ['readIssuer', (client) => client.readIssuer(), json(200, ISSUER), 'GET /v1/issuer', undefined, ISSUER],
    [
      'listSandboxes',
      (client) => client.listSandboxes({ runner_id: 'node/1', limit: 10 }),
      json(200, page),
      'GET /v1/sandboxes?runner_id=node%2F1&limit=10',
      undefined,
      page,
    ],
    [
      'changeSandbox',
      (client) => client.changeSandbox('a/b', { runner_id: null }),
      json(200, sandbox),
      'PATCH /v1/sandboxes/a%2Fb',
      { runner_id: null },
      sandbox,
    ],
    [
      'renewSandboxSecret',
      (client) => client.renewSandboxSecret('a/b'),
      json(200, withSecret),
      'POST /v1/sandboxes/a%2Fb/secret',
      {},
      withSecret,
    ],
    [
      'registerRunner',
      (client) => client.registerRunner({ runner_id: 'node-1' }),
      json(201, runner),
      'POST /v1/runners',
      { runner_id: 'node-1' },
      runner,
    ],
    [
      'endRunner',
      (client) => client.endRunner('node-1', { sandboxes: 'end' }),
      (response) => response.writeHead(204).end(),
      'DELETE /v1/runners/node-1?sandboxes=end',
      undefined,
      undefined,
    ],
  ])('%s asks as the API says and gives its answer', async (operation, ask, answer, line, body, value) => {
    const { client, requests, tries } = await start([answer])
    expect(await ask(client)).toEqual(value)
    const [request] = requests
    expect(`${request!.method} ${request!.url}`).toBe(line)
    expect(request!.headers.authorization).toBe(`Bearer ${SECRET}`)
    expect(request!.body).toBe(body === undefined ? '' : JSON.stringify(body))
    expect(tries).toEqual([expect.objectContaining({ operation, outcome: 'answered' })])
  })

  it('asks with the tag it is given, and says when nothing changed', async () => {
    const { client, requests } = await start([(response) => response.writeHead(304, { etag: '"1"' }).end()])
    expect(await client.listAssignments('"1"')).toBe('not-modified')
    expect(requests[0]!.headers['if-none-match']).toBe('"1"')
  })

  it('reuses its connections', async () => {
    const { client, connections } = await start([json(200, ISSUER)])
    for (let count = 0; count < 20; count += 1) await client.readIssuer()
    // A connection is free again only shortly after its answer, so two of them take turns.
    expect(connections()).toBeLessThan(3)
  })

  it('makes no more connections than it may', async () => {
    const slow: Answer = (response, ...rest) =>
      void setTimeout(() => json(200, ISSUER)(response, ...rest), 20)
    const { client, connections } = await start([slow], { maxConnections: 2 })
    await Promise.all(Array.from({ length: 10 }, () => client.readIssuer()))
    expect(connections()).toBe(2)
  })

  it('asks for the bearer at every try', async () => {
    const secrets = ['wir_1', 'wir_2']
    const { client, requests } = await start([reset, json(200, ISSUER)], { bearer: () => secrets.shift()! })
    await client.readIssuer()
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer wir_1', 'Bearer wir_2'])
  })

  it.each(['', 'two words', 'line\nbreak', 'ü'])(
    'refuses to send the bearer %j, and does not repeat it',
    async (bearer) => {
      const { client, requests } = await start([json(200, ISSUER)], { bearer: () => bearer })
      const error = await failureOf(client.readIssuer())
      expect(error).toMatchObject({ code: 'ERR_REQUEST_INVALID' })
      if (bearer !== '') expect(inspect(error)).not.toContain(bearer)
      expect(requests).toEqual([])
    },
  )

  it('works over a Unix socket', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'client-'))
    ended.push(() => rmSync(folder, { recursive: true }))
    const server = await startScriptedServer([json(200, ISSUER)], join(folder, 'c.sock'))
    const client = createIssuerClient({ controlUrl: server.url })
    ended.push(server.close, client.close)
    expect(await client.readIssuer()).toEqual(ISSUER)
    expect(server.requests[0]!.headers.authorization).toBeUndefined()
  })

  it.each([
    [400, 'invalid_request'],
    [401, 'invalid_token'],
    [403, 'access_denied'],
    [404, 'not_found'],
    [409, 'conflict'],
    [429, 'slow_down'],
  ])('gives a %i of the API as an IssuerRefusal, and does not ask again', async (status, error) => {
    const { client, requests } = await start([refusal(status, error, { 'retry-after': '0' })])
    const refused = await failureOf(client.readIssuer())
    expect(refused).toBeInstanceOf(IssuerRefusal)
    expect(refused).toMatchObject({ status, error, description: `a sentence about ${error}` })
    expect(requests).toHaveLength(1)
  })

  it.each<[string, Answer]>([
    ['a page', (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['JSON of another type', (response) => response.writeHead(200).end(JSON.stringify(ISSUER))],
    [
      'half of its JSON',
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a'),
    ],
    ['other JSON', json(200, { ...ISSUER, max_ttl: '86400' })],
    ['another success', json(201, ISSUER)],
    ['nothing', (response) => response.writeHead(204).end()],
    ['a 304 that was not asked for', (response) => response.writeHead(304).end()],
    ['a redirect', (response) => response.writeHead(307, { location: '/elsewhere' }).end()],
    ['a 404 of somebody else', (response) => response.writeHead(404).end('no')],
    ['a 403 with a code of somebody else', refusal(403, 'forbidden')],
  ])('takes %s for the answer of somebody else', async (_, answer) => {
    const { client, requests } = await start([answer])
    await expect(client.readIssuer()).rejects.toEqual(unavailable({ operation: 'readIssuer' }))
    expect(requests).toHaveLength(1)
  })

  it('accepts what a newer issuer says besides', async () => {
    const { client } = await start([json(200, { ...ISSUER, newer: { a: 1 } })])
    expect((await client.readIssuer()).issuer).toBe('https://issuer.example.com')
  })

  it.each([
    ['of another sandbox', [entry('s1'), entry('s3')]],
    ['in another order', [entry('s2'), entry('s1')]],
    ['too few', [entry('s1')]],
    ['too many', [entry('s1'), entry('s2'), entry('s2')]],
  ])('refuses entries that are %s', async (_, results) => {
    const { client } = await start([json(200, { results })])
    const minted = client.mintTokens([{ sandbox_id: 's1' }, { sandbox_id: 's2' }])
    await expect(minted).rejects.toEqual(unavailable({ operation: 'mintTokens' }))
  })

  it('refuses a list without a tag', async () => {
    const { client } = await start([json(200, list)])
    await expect(client.listAssignments()).rejects.toEqual(unavailable())
  })

  it.each([
    [1024 * 1024, true],
    [1024 * 1024 + 1, false],
  ])('reads an answer of %i bytes: %s', async (bytes, isRead) => {
    const padding = 'a'.repeat(bytes - JSON.stringify({ ...ISSUER, padding: '' }).length)
    // Without a length told ahead, so that it is what comes that counts.
    const answer: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write(JSON.stringify({ ...ISSUER, padding }))
      response.end()
    }
    const { client, requests } = await start([answer])
    const reading = client.readIssuer()
    await (isRead ? expect(reading).resolves.toBeDefined() : expect(reading).rejects.toEqual(unavailable()))
    expect(requests).toHaveLength(1)
  })

  it('does not wait for an answer that says it is too large', async () => {
    const cutOff = Promise.withResolvers<'closed'>()
    const { client, tries } = await start([
      (response) => {
        response.on('close', () => cutOff.resolve('closed'))
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1024 * 1024 + 1 })
        response.flushHeaders()
      },
    ])
    await expect(client.readIssuer()).rejects.toEqual(unavailable({ status: 200 }))
    expect(tries.map(({ outcome }) => outcome)).toEqual(['failed'])
    await expect(cutOff.promise).resolves.toBe('closed')
  })

  it('does not take over that nothing changed when it did not say what it has', async () => {
    const { client } = await start([(response) => response.writeHead(304).end()])
    await expect(client.listAssignments()).rejects.toEqual(unavailable({ status: 304 }))
  })

  it('never lets a secret or a token into an error', async () => {
    const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0aaaa.c2lnbmF0dXJlLW9mLXRva2Vu'
    const text = `${SECRET} ${jwt}`
    const parrots: Answer[] = [
      json(403, { error: 'access_denied', error_description: text }),
      (response) => response.writeHead(200, { 'content-type': 'application/json' }).end(text),
      (_response, _request, socket) => socket.end(`HTTP/1.1 ${text}\r\n\r\n`),
      (_response, _request, socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${text}\r\n\r\n`),
      (_response, _request, socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n${text}`),
      (response) => response.writeHead(307, { location: `/${text}` }).end(),
      refusal(503, 'temporarily_unavailable', { 'x-echo': text }),
    ]
    for (const parrot of parrots) {
      const { client } = await start([parrot])
      const error = await failureOf(client.registerRunner({ runner_id: 'node-1' }))
      const everything = inspect(error, { depth: 10, showHidden: true })
      expect(everything).not.toContain(SECRET)
      expect(everything).not.toContain(jwt)
    }
  })

  it('ends what waits when it is closed, and refuses what comes', async () => {
    const { client, requests, openConnections } = await start([silence], { maxConnections: 1 })
    const waiting = [client.readIssuer(), client.endSandbox('s1')].map(failureOf)
    await expect.poll(() => requests.length).toBe(1)
    await client.close()
    for (const error of await Promise.all(waiting)) expect(error).toEqual(unavailable())
    await expect(client.readIssuer()).rejects.toEqual(unavailable({ operation: 'readIssuer' }))
    await expect(client.replaceTls({})).rejects.toEqual(unavailable())
    await expect.poll(openConnections).toBe(0)
    await client.close()
  })

  it('ends a wait between tries when it is closed', async () => {
    const { client, tries } = await start([refusal(503, 'temporarily_unavailable', { 'retry-after': '10' })])
    const waiting = failureOf(client.readIssuer())
    await expect.poll(() => tries.length).toBe(1)
    await client.close()
    expect(await waiting).toEqual(unavailable({ operation: 'readIssuer' }))
  })

  it.each<[string, Partial<IssuerClientOptions>]>([
    [
      'a bearer over http to another machine',
      { controlUrl: 'http://issuer.internal:7124', bearer: () => SECRET },
    ],
    ['an address that is none', { controlUrl: 'issuer' }],
    ['certificates without TLS', { tls: { ca: 'x' } }],
    ['a try without time', { tryTimeoutMs: 0 }],
    ['more time than a timer has', { totalTimeoutMs: 2 ** 31 }],
    ['no connections', { maxConnections: 0 }],
  ])('refuses %s with ERR_REQUEST_INVALID', (_, options) => {
    expect(() => createIssuerClient({ controlUrl: 'http://127.0.0.1:1', ...options })).toThrow(
      expect.objectContaining({ code: 'ERR_REQUEST_INVALID' }),
    )
  })

  it('lets a bearer over http to another machine when told so, and anybody without one', async () => {
    const controlUrl = 'http://issuer.internal:7124'
    await createIssuerClient({ controlUrl, bearer: () => SECRET, allowPlaintext: true }).close()
    await createIssuerClient({ controlUrl }).close()
  })
})
