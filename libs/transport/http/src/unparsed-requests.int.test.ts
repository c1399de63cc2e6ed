import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpServer } from './create-http-server.ts'
import { HTTP_LIMITS } from './limits.ts'
import { sendRaw } from './raw-http.testing.ts'
import {
  ADMIN_TOKEN,
  createRecordingLogger,
  createTestServices,
  type TestServices,
} from './services.testing.ts'

let services: TestServices
let token: string
let control: string
let secret: string
beforeAll(async () => {
  services = await createTestServices()
  secret = await services.register()
  token = await services.token.listen({ host: '127.0.0.1', port: 0 })
  control = await services.control.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => services.close())

const line = 'GET /v1/token HTTP/1.1\r\n'
const post = 'POST /v1/tokens HTTP/1.1\r\nHost: x\r\n'

describe('requests that cannot be parsed', () => {
  it.each([
    ['a request line that is none', 'nonsense\r\n\r\n', 400],
    ['a method that is none', 'FE(TCH /v1/token HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a path with a space', 'GET /v1/ token HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a path with a control character', 'GET /v1/\u0001 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['another protocol', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['a TLS hello', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]), 400],
    ['a header without a colon', `${line}Host x\r\n\r\n`, 400],
    ['a header name with a space', `${line}Ho st: x\r\n\r\n`, 400],
    ['a folded header', `${line}Host: x\r\n  y\r\n\r\n`, 400],
    ['a header value with NUL', `${line}Host: x\r\nA: a\0b\r\n\r\n`, 400],
    ['no Host', `${line}\r\n`, 400],
    ['two Hosts', `${line}Host: a\r\nHost: b\r\n\r\n`, 400],
    ['a Content-Length that is no number', `${line}Host: x\r\nContent-Length: a\r\n\r\n`, 400],
    ['a negative Content-Length', `${line}Host: x\r\nContent-Length: -1\r\n\r\n`, 400],
    ['two Content-Lengths', `${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\na`, 400],
    [
      'Content-Length and Transfer-Encoding',
      `${post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a compressing transfer coding', `${post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 400],
    ['a transfer coding before chunked', `${post}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n`, 400],
    ['chunked twice', `${post}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 400],
    [
      'two Transfer-Encodings',
      `${post}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a broken escape in the path', 'GET /v1/%zz HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['an escape that is no UTF-8', 'GET /v1/%C3%28 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['a fragment in the path', 'GET /v1/token#x HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['an expectation', `${line}Host: x\r\nExpect: the-unexpected\r\n\r\n`, 417],
    ['headers beyond what is read', `${line}Host: x\r\nA: ${'a'.repeat(1_000_000)}\r\n\r\n`, 431],
    ['a path beyond what is read', `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414],
  ])('are answered in JSON: %s', async (_what, request, status) => {
    for (const url of [token, control]) {
      const answer = await sendRaw(url, request)
      expect(answer.status).toBe(status)
      expect(JSON.parse(answer.body)).toEqual({
        error: status === 431 ? 'header_too_large' : status === 414 ? 'uri_too_long' : 'invalid_request',
        error_description: expect.stringMatching(/^[A-Za-z].{10,}$/),
      })
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(answer.body.length),
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      })
    }
  })

  it.each([
    ['a chunk of a broken size', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n'],
    ['a transfer coding that nobody knows', 'Transfer-Encoding: foo\r\n\r\n'],
    ['a body that is cut off by garbage', 'Transfer-Encoding: chunked\r\n\r\n1\r\n{zz\r\n'],
  ])('are answered once when the head was in order: %s', async (_what, rest) => {
    services.answers.length = 0
    const head = `${post}Authorization: Bearer ${ADMIN_TOKEN}\r\nContent-Type: application/json\r\n`
    const answer = await sendRaw(control, head + rest)
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body).error).toBe('invalid_request')
    expect(answer.isClosed).toBe(true)
    expect(services.answers).toHaveLength(1)
  })

  it('are counted and logged without what was in them', async () => {
    services.answers.length = 0
    services.lines.length = 0
    await sendRaw(token, 'marker-of-a-secret\r\n\r\n')
    expect(services.answers).toEqual([
      {
        listener: 'token',
        method: 'unknown',
        route: 'unknown',
        status: 400,
        code: 'invalid_request',
        seconds: 0,
      },
    ])
    expect(services.lines).toHaveLength(1)
    expect(JSON.stringify(services.lines)).not.toContain('marker-of-a-secret')
  })

  it('close the connection after the answer', async () => {
    expect((await sendRaw(token, 'nonsense\r\n\r\n')).isClosed).toBe(true)
  })

  it('include CONNECT, which is answered 405 with Allow', async () => {
    const answer = await sendRaw(token, 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n')
    expect(answer.status).toBe(405)
    expect(answer.headers['allow']).toBe('GET')
    expect(JSON.parse(answer.body).error).toBe('method_not_allowed')
  })

  it.each([
    ['FOO', '/v1/token', 'GET'],
    ['get', '/v1/token?audience=a', 'GET'],
    ['GETX', '/v1/sandboxes', 'GET, POST'],
    ['M-X', '/v1/sandboxes/s1', 'DELETE, GET, PATCH'],
    ['FOO', '/nowhere', 'DELETE, GET, PATCH, POST'],
    ['FOO', '/v1/sandboxes/', 'DELETE, GET, PATCH, POST'],
  ])('include the unknown method %s, which is answered 405 with Allow on %s', async (method, path, allow) => {
    services.answers.length = 0
    const address = path.startsWith('/v1/token') ? token : control
    const answer = await sendRaw(address, `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
    expect([answer.status, answer.headers['allow'], answer.isClosed]).toEqual([405, allow, true])
    expect(JSON.parse(answer.body)).toEqual({
      error: 'method_not_allowed',
      error_description: `the method is not allowed here; use ${allow}`,
    })
    expect(services.answers).toMatchObject([{ method: 'unknown', status: 405, code: 'method_not_allowed' }])
  })

  it('do not include a wish to upgrade, which is ignored', async () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n'
    const answer = await sendRaw(token, `${line}Host: x\r\n${upgrade}\r\n`)
    expect(answer.status).toBe(401)
  })

  it('do not include HTTP/1.0 without Host', async () => {
    const answer = await sendRaw(
      token,
      `GET /v1/identity HTTP/1.0\r\nAuthorization: Bearer ${secret}\r\n\r\n`,
    )
    expect(answer.status).toBe(200)
  })

  it('do not include an absolute path of another host, which changes nothing', async () => {
    const request = 'GET http://evil.example/v1/identity HTTP/1.1\r\nHost: evil.example\r\n'
    const answer = await sendRaw(token, `${request}Authorization: Bearer ${secret}\r\n\r\n`)
    expect(JSON.parse(answer.body).issuer).toBe('https://issuer.example.com')
  })
})

describe('sizes', () => {
  const authorization = () => `Host: x\r\nAuthorization: Bearer ${secret}\r\n`

  it('let a path and query of 8192 bytes through and answer 414 to one more', async () => {
    const target = (length: number) => `/v1/token?audience=${'a'.repeat(length - 19)}`
    const longest = await sendRaw(token, `GET ${target(8192)} HTTP/1.1\r\n${authorization()}\r\n`)
    expect(longest.status).toBe(400)
    expect(JSON.parse(longest.body).error).toBe('invalid_target')
    const longer = await sendRaw(token, `GET ${target(8193)} HTTP/1.1\r\n${authorization()}\r\n`)
    expect(longer.status).toBe(414)
    expect(JSON.parse(longer.body)).toEqual({
      error: 'uri_too_long',
      error_description: 'path and query are longer than 8192 bytes',
    })
  })

  it('let header fields of 16384 bytes through and answer 431 to one more', async () => {
    // Names, values, colons, spaces and line ends all count.
    const fill = (total: number) => `A: ${'a'.repeat(total - authorization().length - 5)}\r\n`
    const largest = await sendRaw(token, `${line}${authorization()}${fill(16_384)}\r\n`)
    expect(largest.status).toBe(200)
    const larger = await sendRaw(token, `${line}${authorization()}${fill(16_385)}\r\n`)
    expect(larger.status).toBe(431)
    expect(JSON.parse(larger.body).error).toBe('header_too_large')
  })

  it('let 100 header fields through and answer 431 to one more', async () => {
    const fields = (count: number) => Array.from({ length: count - 2 }, (_, i) => `a${i}: b\r\n`).join('')
    expect((await sendRaw(token, `${line}${authorization()}${fields(100)}\r\n`)).status).toBe(200)
    expect((await sendRaw(token, `${line}${authorization()}${fields(101)}\r\n`)).status).toBe(431)
    expect((await sendRaw(token, `${line}${authorization()}${fields(2000)}\r\n`)).status).toBe(431)
  })

  it('answer 401 to two Authorization fields', async () => {
    const answer = await sendRaw(token, `${line}${authorization()}authorization: Bearer b\r\n\r\n`)
    expect(answer.status).toBe(401)
    expect(JSON.parse(answer.body).error_description).toBe('Authorization is given more than once')
  })
})

describe('time-outs', () => {
  it('answer 408 to a request that does not arrive in time', async () => {
    const { logger } = createRecordingLogger()
    const server = createHttpServer({
      listener: 'token',
      http: { logger, trustedProxies: [] },
      addRoutes: () => undefined,
      limits: { ...HTTP_LIMITS, headersTimeoutMs: 50, requestTimeoutMs: 50, timeoutCheckMs: 20 },
    })
    const url = await server.listen({ host: '127.0.0.1', port: 0 })
    const answer = await sendRaw(url, line)
    expect(answer.status).toBe(408)
    expect(JSON.parse(answer.body)).toEqual({
      error: 'invalid_request',
      error_description: 'the request did not arrive in time',
    })
    await server.close()
  })

  it('answer 408 to a body that does not arrive in time, however little a handler may take', async () => {
    const { logger, lines } = createRecordingLogger()
    const server = createHttpServer({
      listener: 'control',
      http: { logger, trustedProxies: [] },
      addRoutes: (app) => void app.post('/body', () => ({})),
      limits: { ...HTTP_LIMITS, requestTimeoutMs: 100, handlerTimeoutMs: 10, timeoutCheckMs: 20 },
    })
    const url = await server.listen({ host: '127.0.0.1', port: 0 })
    const head =
      'POST /body HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n'
    const answer = await sendRaw(url, `${head}{`)
    expect(answer.status).toBe(408)
    await server.close()
    expect(lines.map(({ level, facts }) => [level, facts['status']])).toContainEqual(['info', 408])
    expect(lines.filter(({ level }) => level === 'error')).toEqual([])
  })

  it('answer 503 to a request whose handler does not end', async () => {
    const { logger } = createRecordingLogger()
    const server = createHttpServer({
      listener: 'token',
      http: { logger, trustedProxies: [] },
      addRoutes: (app) => void app.get('/slow', () => new Promise(() => undefined)),
      limits: { ...HTTP_LIMITS, handlerTimeoutMs: 20 },
    })
    const answer = await server.inject('/slow')
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('5')
    expect(answer.json().error).toBe('temporarily_unavailable')
    await server.close()
  })
})
