import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { json, text } from 'node:stream/consumers'
import type { RunnerTokenRequest } from '@workload-identity/api'
import { fromMilliseconds } from '@workload-identity/core'
import type { HttpOptions } from '@workload-identity/transport-http'
import { afterEach, describe, expect, it } from 'vitest'
import { createMemoryIssuer } from './memory-issuer.ts'
import { startNodeAgent } from './node-agent.ts'

const RUNNER_SECRET = 'wir_secret-of-runner-1'
const closers: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const silent = () => {}
const logger: HttpOptions['logger'] = {
  ...{ level: 'silent', fatal: silent, error: silent, warn: silent, info: silent },
  ...{ debug: silent, trace: silent, silent, child: () => logger },
}

/** The control listener of an issuer, as far as runners ask it. */
async function serveControl() {
  const issuer = await createMemoryIssuer(() => fromMilliseconds(Date.now()))
  const answers: Record<string, (request: IncomingMessage) => Promise<unknown>> = {
    async 'POST /v1/runner/tokens'(incoming) {
      const { requests } = (await json(incoming)) as { requests: RunnerTokenRequest[] }
      return { results: await issuer.client.mintTokens(requests) }
    },
    'GET /v1/issuer': () => issuer.client.readIssuer(),
  }
  const server = createServer((incoming, outgoing) => {
    const send = (status: number, body?: unknown, headers = {}) => {
      outgoing.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
      outgoing.end(body === undefined ? undefined : JSON.stringify(body))
    }
    const answer = async () => {
      if (incoming.headers.authorization !== `Bearer ${RUNNER_SECRET}`) {
        send(401, { error: 'invalid_token', error_description: 'the secret is not known' })
        return
      }
      const route = `${incoming.method} ${incoming.url}`
      if (route !== 'GET /v1/runner/sandboxes') {
        send(200, await answers[route]?.(incoming))
        return
      }
      const answered = await issuer.client.listAssignments(incoming.headers['if-none-match'])
      if (answered === 'not-modified') send(304)
      else send(200, answered.list, { etag: answered.etag })
    }
    answer().catch((error: unknown) => send(500, { error: 'server_error', error_description: String(error) }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  return { issuer, controlUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** What a sandbox gets at the token endpoint of its node. */
async function askForToken(socketPath: string, secret: string) {
  const headers = { authorization: `Bearer ${secret}` }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ socketPath, path: '/v1/token?audience=x', headers }, resolve).on('error', reject).end()
  })
  return { status: answer.statusCode, body: JSON.parse(await text(answer)) as Record<string, unknown> }
}

describe('startNodeAgent', () => {
  it('serves tokens of the issuer to the sandboxes of its node', async () => {
    const { issuer, controlUrl } = await serveControl()
    await issuer.register('a')
    const folder = mkdtempSync(join(tmpdir(), 'node-agent-'))
    closers.push(() => rmSync(folder, { recursive: true }))
    const [secretFile, socket] = [join(folder, 'secret'), join(folder, 'token.sock')]
    writeFileSync(secretFile, `${RUNNER_SECRET}\n`, { mode: 0o600 })
    closers.push(await startNodeAgent({ controlUrl, secretFile, socket, logger }))

    expect(await askForToken(socket, 'wis_a')).toMatchObject({
      status: 200,
      body: { value: expect.stringMatching(/^ey/) as string },
    })
    expect(await askForToken(socket, 'wis_nobody')).toEqual({
      status: 403,
      body: { error: 'access_denied', error_description: 'the secret is not that of a live sandbox' },
    })
  })

  it('is the example of the README', () => {
    const [readme, example] = ['../README.md', './node-agent.ts'].map((path) =>
      readFileSync(new URL(path, import.meta.url), 'utf8'),
    )
    expect(readme).toContain(example?.replace('../src/index.ts', '@workload-identity/runner').trim())
  })
})
