import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHttpServer } from './create-http-server.ts'
import {
  ADMIN_TOKEN,
  createRecordingLogger,
  createTestServices,
  type TestServices,
} from './services.testing.ts'

let services: TestServices
let url: string
beforeEach(async () => {
  services = await createTestServices()
  url = await services.control.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(() => services.close())

/** Everything that comes back until the server ends the connection. */
function exchange(address: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(address)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let received = ''
    socket.on('error', reject)
    socket.on('data', (chunk) => (received += chunk.toString('latin1')))
    socket.on('close', () => resolve(received))
    socket.write(bytes)
  })
}

const statusesOf = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status))
const closesOf = (text: string) => text.match(/^connection: close\r$/gim)?.length ?? 0

const admin = `Host: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\n`
const json = 'Content-Type: application/json\r\n'
const get = `GET /v1/sandboxes HTTP/1.1\r\n${admin}\r\n`

function post(sandbox_id: string): string {
  const body = JSON.stringify({ sandbox_id, app: 'web' })
  return `POST /v1/sandboxes HTTP/1.1\r\n${admin}${json}Content-Length: ${body.length}\r\n\r\n${body}`
}

async function listed(): Promise<readonly string[]> {
  const { items } = (await services.asAdmin('GET', '/v1/sandboxes')).json<{
    items: { sandbox_id: string }[]
  }>()
  return items.map(({ sandbox_id }) => sandbox_id)
}

describe('a connection that still owes an answer', () => {
  it.each([
    ['garbage', 'GARBAGE\r\n\r\n'],
    ['a method that nobody knows', 'FOO /v1/issuer HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
    [
      'a request with a broken chunk',
      `POST /v1/sandboxes HTTP/1.1\r\n${admin}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    ],
  ])('gives it as its last one when there is %s behind the request', async (_what, rest) => {
    const posted = await exchange(url, post('s1') + rest)
    expect([statusesOf(posted), closesOf(posted)]).toEqual([[201], 1])
    expect(posted).toContain('"sandbox_id":"s1"')
    expect(await listed()).toEqual(['s1'])
    const got = await exchange(url, get + rest)
    expect([statusesOf(got), closesOf(got)]).toEqual([[200], 1])
    expect(got).toMatch(/\{"items":\[.*\]/)
  })

  it('gives all of them, in order', async () => {
    const answers = await exchange(url, `${post('a')}${post('b')}${get}GARBAGE\r\n\r\n`)
    expect([statusesOf(answers), closesOf(answers)]).toEqual([[201, 201, 200], 1])
    expect(await listed()).toEqual(['a', 'b'])
  })

  it('waits for a handler that is not done yet', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<boolean>()
    const { promise: result, resolve: answer } = Promise.withResolvers<object>()
    const server = createHttpServer({
      listener: 'control',
      http: { logger: createRecordingLogger().logger, trustedProxies: [] },
      addRoutes: (app) =>
        void app.get('/slow', () => {
          begin(true)
          return result
        }),
    })
    const address = await server.listen({ host: '127.0.0.1', port: 0 })
    const received = exchange(address, 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\r\n\r\nMORE\r\n')
    await begun
    answer({ is: 'late' })
    expect(statusesOf(await received)).toEqual([200])
    expect(await received).toContain('{"is":"late"}')
    await server.close()
  })
})

describe('a connection that owes no answer', () => {
  it('answers 400 to a request that is itself broken, and does not carry it out', async () => {
    const head = `POST /v1/sandboxes HTTP/1.1\r\n${admin}${json}Transfer-Encoding: chunked\r\n\r\n`
    const answers = await exchange(url, `${head}1\r\n{zz\r\n`)
    expect([statusesOf(answers), closesOf(answers)]).toEqual([[400], 1])
    expect(await listed()).toEqual([])
  })

  it('answers 400 to what follows an answer that was given', async () => {
    const { hostname, port } = new URL(url)
    const socket = connect({ host: hostname, port: Number(port) })
    let received = ''
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('data', (chunk) => {
      if (received === '') socket.write('GARBAGE\r\n\r\n')
      received += chunk.toString('latin1')
    })
    socket.write(get)
    await closed
    expect([statusesOf(received), closesOf(received)]).toEqual([[200, 400], 1])
  })

  it('says no more when the request was refused before its body broke', async () => {
    const head = 'POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(statusesOf(await exchange(url, `${head}zz\r\n`))).toHaveLength(1)
  })
})
