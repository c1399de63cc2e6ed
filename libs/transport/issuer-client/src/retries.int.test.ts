import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createIssuerClient } from './create-issuer-client.ts'
import type { IssuerClient, IssuerClientOptions, IssuerTry } from './issuer-client.ts'
import {
  ISSUER,
  json,
  refusal,
  reset,
  silence,
  startScriptedServer,
  TOKEN,
  type Answer,
} from './scripted-server.testing.ts'

const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end()
})

function connect(controlUrl: string, options: Partial<IssuerClientOptions> = {}) {
  const tries: IssuerTry[] = []
  const client = createIssuerClient({
    ...{ controlUrl, random: () => 0 },
    onTry: (facts) => void tries.push(facts),
    ...options,
  })
  ended.push(client.close)
  return { client, tries, outcomes: () => tries.map(({ outcome, status }) => status ?? outcome) }
}

async function start(answers: readonly Answer[], options: Partial<IssuerClientOptions> = {}) {
  const server = await startScriptedServer(answers)
  ended.push(server.close)
  return { ...server, ...connect(server.url, options) }
}

/** A port that nobody listens on, just now. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

const unavailable = (details: object = {}) =>
  expect.objectContaining({ code: 'ERR_ISSUER_UNAVAILABLE', details: expect.objectContaining(details) })

const half: Answer = (response, _request, socket) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"issuer":', () => socket.destroy())
}
const away = refusal(503, 'temporarily_unavailable')
const changes: [string, (client: IssuerClient) => Promise<unknown>][] = [
  ['registerSandbox', (client) => client.registerSandbox({ sandbox_id: 's1', app: 'web' })],
  ['registerSandboxes', (client) => client.registerSandboxes([{ sandbox_id: 's1', app: 'web' }])],
  ['changeSandbox', (client) => client.changeSandbox('s1', { max_ttl: 60 })],
  ['endSandbox', (client) => client.endSandbox('s1')],
  ['renewSandboxSecret', (client) => client.renewSandboxSecret('s1')],
  ['registerRunner', (client) => client.registerRunner({ runner_id: 'r1' })],
  ['renewRunnerSecret', (client) => client.renewRunnerSecret('r1')],
  ['endRunner', (client) => client.endRunner('r1')],
]
const minted = { results: [{ sandbox_id: 's1', ...TOKEN }] }
const list = { runner_id: 'r1', registry_id: 'r', sandboxes: [], ended: [] }
const questions: [string, (client: IssuerClient) => Promise<unknown>, Answer][] = [
  ['mintTokens', (client) => client.mintTokens([{ sandbox_id: 's1' }]), json(200, minted)],
  ['mintSystemToken', (client) => client.mintSystemToken({ workload: 'w' }), json(200, TOKEN)],
  ['vouchToken', (client) => client.vouchToken({ app: 'web', sandbox_id: 's1' }), json(200, TOKEN)],
  ['listAssignments', (client) => client.listAssignments(), json(200, list, { etag: '"1"' })],
  ['listRunners', (client) => client.listRunners(), json(200, { items: [], next: null })],
  ['readIssuer', (client) => client.readIssuer(), json(200, ISSUER)],
]

describe('retries', () => {
  it.each(questions)('%s is sent again after a reset', async (_, ask, answer) => {
    const { client, outcomes } = await start([reset, reset, answer])
    await ask(client)
    expect(outcomes()).toEqual(['failed', 'failed', 200])
  })

  it.each(changes)('%s is sent once when the connection is reset', async (operation, change) => {
    const { client, requests } = await start([reset])
    await expect(change(client)).rejects.toEqual(unavailable({ operation, tries: 1 }))
    expect(requests).toHaveLength(1)
  })

  it.each(changes)('%s is sent once when the issuer fails', async (operation, change) => {
    const { client, requests } = await start([
      refusal(503, 'temporarily_unavailable', { 'retry-after': '0' }),
    ])
    await expect(change(client)).rejects.toEqual(unavailable({ operation, tries: 1, status: 503 }))
    expect(requests).toHaveLength(1)
  })

  it('sends a change again when the connection was refused', async () => {
    const port = await freePort()
    let tries = 0
    const startIssuer = async () => {
      const server = await startScriptedServer([(response) => response.writeHead(204).end()], port)
      ended.push(server.close)
    }
    const { client } = connect(`http://127.0.0.1:${port}`, {
      onTry() {
        tries += 1
        if (tries === 1) void startIssuer()
      },
      // A second between the tries, in which the issuer comes.
      random: () => 9.5,
    })
    await client.endSandbox('s1')
    expect(tries).toBeGreaterThan(1)
  })

  it('gives up after three refused connections', async () => {
    const { client, outcomes } = connect(`http://127.0.0.1:${await freePort()}`)
    const details = { operation: 'endSandbox', tries: 3, reason: 'ECONNREFUSED' }
    await expect(client.endSandbox('s1')).rejects.toEqual(unavailable(details))
    expect(outcomes()).toEqual(['failed', 'failed', 'failed'])
  })

  it('takes a socket that is not there for a refused connection', async () => {
    const { client, outcomes } = connect('unix:/nonexistent/control.sock')
    await expect(client.endSandbox('s1')).rejects.toEqual(unavailable({ reason: 'ENOENT' }))
    expect(outcomes()).toHaveLength(3)
  })

  it('asks again for an answer that was cut off', async () => {
    const { client, outcomes } = await start([half, json(200, ISSUER)])
    expect(await client.readIssuer()).toEqual(ISSUER)
    expect(outcomes()).toEqual([200, 200])
  })

  it.each([500, 502, 503, 504])('asks again after a %i', async (status) => {
    const { client, outcomes } = await start([
      (response) => response.writeHead(status).end(),
      json(200, ISSUER),
    ])
    expect(await client.readIssuer()).toEqual(ISSUER)
    expect(outcomes()).toEqual([status, 200])
  })

  it('gives up after three answers that failed, and says for how long', async () => {
    const { client, requests } = await start([
      away,
      away,
      refusal(503, 'temporarily_unavailable', { 'retry-after': '7' }),
    ])
    const details = { operation: 'readIssuer', tries: 3, status: 503, retry_after_seconds: 7 }
    await expect(client.readIssuer()).rejects.toEqual(unavailable(details))
    expect(requests).toHaveLength(3)
  })

  it('waits as long as Retry-After says', async () => {
    const { client } = await start([
      refusal(503, 'temporarily_unavailable', { 'retry-after': '1' }),
      json(200, ISSUER),
    ])
    const startedMs = performance.now()
    await client.readIssuer()
    expect(performance.now() - startedMs).toBeGreaterThan(1000)
  })

  it('does not wait for a Retry-After beyond its time', async () => {
    const { client, requests } = await start([
      refusal(503, 'temporarily_unavailable', { 'retry-after': '15' }),
    ])
    await expect(client.readIssuer()).rejects.toEqual(unavailable({ tries: 1, retry_after_seconds: 15 }))
    expect(requests).toHaveLength(1)
  })

  it.each<[string, Answer]>([
    ['nothing', silence],
    [
      'the head of an answer',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.flushHeaders()
      },
    ],
    [
      'a byte now and then',
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const timer = setInterval(() => response.write(' '), 10)
        response.on('close', () => clearInterval(timer))
      },
    ],
  ])('ends a try that brings %s in its time', async (_, answer) => {
    const { client, outcomes, tries } = await start([answer], { tryTimeoutMs: 150 })
    await expect(client.readIssuer()).rejects.toEqual(unavailable({ operation: 'readIssuer', tries: 3 }))
    expect(tries.map(({ outcome }) => outcome)).toEqual(['timed_out', 'timed_out', 'timed_out'])
    expect(outcomes()).toHaveLength(3)
  })

  it('gives the last try only the time that is left of all', async () => {
    let nowMs = 0
    const { client, tries } = await start([reset, silence], {
      tryTimeoutMs: 600_000,
      monotonicMs: () => nowMs,
      onTry(facts) {
        tries.push(facts)
        nowMs = 14_900
      },
    })
    await expect(client.readIssuer()).rejects.toEqual(unavailable({ tries: 2 }))
    expect(tries.map(({ outcome }) => outcome)).toEqual(['failed', 'timed_out'])
  })

  it('sends a change once when no answer comes in time', async () => {
    const { client, requests } = await start([silence], { tryTimeoutMs: 150 })
    await expect(client.endSandbox('s1')).rejects.toEqual(unavailable({ tries: 1 }))
    expect(requests).toHaveLength(1)
  })

  it('goes on with a new connection after a time-out', async () => {
    const { client, requests } = await start([silence, json(200, ISSUER)], { tryTimeoutMs: 500 })
    await client.readIssuer().catch(() => client.readIssuer())
    expect(new Set(requests.map(({ connection }) => connection)).size).toBeGreaterThan(1)
  })
})
