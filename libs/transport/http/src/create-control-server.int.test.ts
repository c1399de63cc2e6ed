import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createTestServices, READ_TOKEN, type TestServices } from './services.testing.ts'

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const HASH = 'ab'.repeat(32)

/** Sends a body as it is, by an admin. */
function send(method: 'POST' | 'PATCH', url: string, payload: string | Buffer, headers = {}) {
  return services.control.inject({
    method,
    url,
    headers: {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      'content-type': 'application/json',
      ...headers,
    },
    payload,
  })
}

describe('access to the control server', () => {
  const protectedRoutes = [
    ['GET', '/v1/sandboxes'],
    ['POST', '/v1/sandboxes'],
    ['GET', '/v1/sandboxes/s1'],
    ['PATCH', '/v1/sandboxes/s1'],
    ['DELETE', '/v1/sandboxes/s1'],
    ['POST', '/v1/sandboxes/s1/secret'],
    ['POST', '/v1/tokens'],
    ['POST', '/v1/registry/accept-loss'],
    ['GET', '/v1/issuer'],
    ['GET', '/v1/keys'],
  ] as const

  it.each(protectedRoutes)(
    '%s %s is 401 without a known admin token, whatever the body',
    async (method, url) => {
      for (const authorization of [undefined, 'Basic YTpi', 'Bearer', 'Bearer unknown']) {
        const answer = await services.control.inject({
          method,
          url: `${url}?unknown=1`,
          headers: { 'content-type': 'text/plain', ...(authorization !== undefined && { authorization }) },
          ...(method !== 'GET' && { payload: 'x'.repeat(100_000) }),
        })
        expect(answer.statusCode).toBe(401)
        expect(answer.headers['www-authenticate']).toBe('Bearer')
        expect(answer.json().error).toBe('invalid_token')
      }
    },
  )

  it.each(protectedRoutes)('%s %s by an admin who may only read', async (method, url) => {
    const answer = await services.asAdmin(method, url, method === 'GET' ? undefined : {}, READ_TOKEN)
    if (method === 'GET') expect(answer.statusCode).not.toBe(403)
    else expect(answer.json().error).toBe('access_denied')
  })

  it('reports the attempt of an admin who may only read', async () => {
    await services.asAdmin('DELETE', '/v1/sandboxes/s1', undefined, READ_TOKEN)
    expect(services.actions).toEqual([
      {
        actor: 'rob',
        action: 'sandbox.end',
        outcome: 'refused',
        code: 'access_denied',
        request_id: expect.any(String),
        client_address: '127.0.0.1',
      },
    ])
  })

  it('is open to all for health and metrics', async () => {
    expect((await services.control.inject('/livez')).json()).toEqual({ status: 'ok' })
    expect((await services.control.inject('/readyz')).json()).toEqual({ status: 'ok' })
    services.state.health = { problems: [], warnings: ['the copy is stale'] }
    const warned = await services.control.inject('/readyz')
    expect([warned.statusCode, warned.json()]).toEqual([
      200,
      { status: 'ok', warnings: ['the copy is stale'] },
    ])
    const metrics = await services.control.inject('/metrics')
    expect(metrics.body).toBe('up 1\n')
    expect(metrics.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  })

  it('tells what is wrong by /livez and /readyz with 503', async () => {
    services.state.health = { problems: ['the key ring is stale', 'the registry is lost'] }
    const answer = await services.control.inject('/readyz')
    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'not ready: the key ring is stale; the registry is lost',
    })
    expect((await services.control.inject('/livez')).json().error_description).toMatch(/^not live: /)
  })
})

describe('POST /v1/sandboxes', () => {
  it('registers a sandbox and gives its secret and environment, which nobody may store', async () => {
    const answer = await services.asAdmin('POST', '/v1/sandboxes', { sandbox_id: 'ns/s1', app: 'web' })
    expect(answer.statusCode).toBe(201)
    const { secret } = answer.json()
    expect(secret).toMatch(/^wis_[\w-]{43}$/)
    expect(answer.json()).toEqual({
      sandbox_id: 'ns/s1',
      app: 'web',
      runner_id: null,
      secret,
      env: {
        WORKLOAD_IDENTITY_ISSUER_URL: 'https://issuer.example.com',
        WORKLOAD_IDENTITY_TOKEN_URL: 'https://token.example.com/v1/token',
        WORKLOAD_IDENTITY_TOKEN_SECRET: secret,
        ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example.com/v1/token?api-version=2.0',
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
      },
    })
    expect(answer.headers).toMatchObject({
      location: '/v1/sandboxes/ns%2Fs1',
      'cache-control': 'no-store',
    })
    expect(services.actions).toMatchObject([
      { actor: 'ada', action: 'sandbox.register', outcome: 'done', sandbox_id: 'ns/s1', app: 'web' },
    ])
    expect(JSON.stringify([services.actions, services.lines, services.answers])).not.toContain(secret)
  })

  it('gives no secret when the caller brought the hash of one', async () => {
    const body = { sandbox_id: 's1', app: 'web', secret_sha256: HASH }
    const answer = await services.asAdmin('POST', '/v1/sandboxes', body)
    expect(answer.statusCode).toBe(201)
    expect(answer.json()).not.toHaveProperty('secret')
    expect(Object.keys(answer.json().env)).toEqual([
      'WORKLOAD_IDENTITY_ISSUER_URL',
      'WORKLOAD_IDENTITY_TOKEN_URL',
      'ACTIONS_ID_TOKEN_REQUEST_URL',
    ])
    expect(answer.body).not.toContain(HASH)
  })

  it('leaves ACTIONS_* out when the token endpoint is a socket', async () => {
    await services.close()
    services = await createTestServices({ tokenUrl: 'unix:/run/token.sock' })
    const answer = await services.asAdmin('POST', '/v1/sandboxes', { sandbox_id: 's1', app: 'web' })
    expect(Object.keys(answer.json().env)).toEqual([
      'WORKLOAD_IDENTITY_ISSUER_URL',
      'WORKLOAD_IDENTITY_TOKEN_URL',
      'WORKLOAD_IDENTITY_TOKEN_SECRET',
    ])
  })

  it('answers 409 to an ID that is live and to a secret that is in use', async () => {
    await services.register({ secret_sha256: HASH })
    const again = await services.asAdmin('POST', '/v1/sandboxes', { sandbox_id: 's1', app: 'web' })
    expect(again.statusCode).toBe(409)
    expect(again.json()).toEqual({ error: 'conflict', error_description: 'a live sandbox has this ID' })
    const body = { sandbox_id: 's2', app: 'web', secret_sha256: HASH }
    const shared = await services.asAdmin('POST', '/v1/sandboxes', body)
    expect(shared.statusCode).toBe(409)
    expect(services.actions.slice(1)).toMatchObject([
      { outcome: 'refused', code: 'ERR_SANDBOX_EXISTS', sandbox_id: 's1' },
      { outcome: 'refused', code: 'ERR_SECRET_IN_USE', sandbox_id: 's2' },
    ])
  })

  it.each([
    [{ sandbox_id: 'a'.repeat(255) }],
    [{ app: 'a'.repeat(255) }],
    [{ expires_at: 1_767_225_601 }],
    [{ max_ttl: 60 }],
    [{ max_ttl: 86_400 }],
    [{ subject: 'app' }],
    [{ allowed_audiences: Array.from({ length: 100 }, (_, i) => `a${i}`) }],
  ])('takes %j', async (change) => {
    const answer = await services.asAdmin('POST', '/v1/sandboxes', {
      sandbox_id: 's1',
      app: 'web',
      ...change,
    })
    expect(answer.statusCode).toBe(201)
  })

  const invalid = 'invalid_request'
  const target = 'invalid_target'
  it.each([
    [{ sandbox_id: undefined }, invalid, 'missing property "sandbox_id"'],
    [{ sandbox_id: undefined, app: undefined }, invalid, 'missing property "sandbox_id", "app"'],
    [{ sandbox_id: 1 }, invalid, 'the property "sandbox_id" must be a string'],
    [{ sandbox_id: null }, invalid, 'the property "sandbox_id" must be a string'],
    [{ sandbox_id: ['s1'] }, invalid, 'the property "sandbox_id" must be a string'],
    [{ sandbox_id: '' }, invalid, 'sandbox_id is empty'],
    [{ sandbox_id: 'a:b' }, invalid, /^sandbox_id must consist of/],
    [{ sandbox_id: 'a'.repeat(256) }, invalid, 'sandbox_id is longer than 255 characters'],
    [{ app: 'a b' }, invalid, /^app must consist of/],
    [{ app: {} }, invalid, 'the property "app" must be a string'],
    [{ runner_id: 'r1' }, invalid, 'no runner is registered as r1; register it first'],
    [{ runner_id: null }, invalid, 'the property "runner_id" must be a string'],
    [{ token_files: [] }, invalid, /^token_files are kept by a runner/],
    [{ token_files: [{}] }, invalid, 'missing property "token_files.0.name"'],
    [{ secret_file: 'secret' }, invalid, 'secret_file must be an absolute path'],
    [{ sandboxId: 's1', sandbox_id: undefined }, invalid, 'unknown property "sandboxId"'],
    [{ expires_at: 1_767_225_600 }, invalid, /^expires_at must be a moment in the future/],
    [{ expires_at: 1_767_225_601.5 }, invalid, /^expires_at must be a moment in the future/],
    [{ expires_at: '1767225601' }, invalid, 'the property "expires_at" must be a number'],
    [{ expires_at: null }, invalid, 'the property "expires_at" must be a number'],
    [{ secret_sha256: 'ab' }, invalid, /^secret_sha256 must be a SHA-256/],
    [{ max_ttl: 59 }, invalid, /^max_ttl must be a whole number/],
    [{ max_ttl: 86_401 }, invalid, /^max_ttl must be a whole number/],
    [{ max_ttl: true }, invalid, 'the property "max_ttl" must be a number'],
    [{ subject: 'system' }, invalid, 'the property "subject" must be "sandbox" or "app"'],
    [{ allowed_audiences: [] }, target, /^allowed_audiences is empty/],
    [{ allowed_audiences: 'a' }, target, 'the property "allowed_audiences" must be an array'],
    [{ allowed_audiences: ['a', 1] }, target, 'the property "allowed_audiences.1" must be a string'],
    [{ allowed_audiences: ['a', 'a'] }, target, 'a value of allowed_audiences is given twice'],
    [
      { allowed_audiences: Array.from({ length: 101 }, (_, i) => `a${i}`) },
      target,
      'allowed_audiences has more than 100 values',
    ],
  ])('refuses %j with %s', async (change, error, description) => {
    const answer = await services.asAdmin('POST', '/v1/sandboxes', {
      sandbox_id: 's1',
      app: 'web',
      ...change,
    })
    expect(answer.statusCode).toBe(400)
    const said = description instanceof RegExp ? expect.stringMatching(description) : description
    expect(answer.json()).toEqual({ error, error_description: said })
    expect(services.storage.sandboxes.size).toBe(0)
  })
})

describe('bodies', () => {
  it.each([
    ['', 'the body must be a JSON object'],
    ['null', 'the body must be a JSON object'],
    ['[]', 'the body must be a JSON object'],
    ['"a"', 'the body must be a JSON object'],
    ['1', 'the body must be a JSON object'],
    ['{', 'the body is not JSON'],
    ["{'a':1}", 'the body is not JSON'],
    ['{"a":1,}', 'the body is not JSON'],
    ['{"a":NaN}', 'the body is not JSON'],
    ['\uFEFF{}', 'the body is not JSON'],
    [Buffer.from([0x7b, 0xff, 0x7d]), 'the body is not UTF-8'],
    ['{"app":"a","app":"b"}', 'the property "app" of the body is given twice'],
    ['{"app":"a","\\u0061pp":"b"}', 'the property "app" of the body is given twice'],
    ['{"x":[{"y":1,"y":2}]}', 'the property "y" of the body is given twice'],
    ['{"__proto__":{"app":"a"}}', 'a property of the body is named "__proto__"'],
    ['{"constructor":{"prototype":{}}}', 'unknown property "constructor"'],
    ['['.repeat(60_000), 'the body is not JSON'],
  ])('that are %j are refused with 400', async (body, description) => {
    const answer = await send('POST', '/v1/sandboxes', body)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toEqual({ error: 'invalid_request', error_description: description })
  })

  it.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/jsonx', 415],
    ['application/problem+json', 415],
    ['nonsense', 415],
    ['application/json; charset=latin1', 415],
    ['application/json; charset=utf-8', 201],
    ['Application/JSON;charset="UTF-8"', 201],
    [undefined, 415],
  ])('of the type %s are answered %i', async (type, status) => {
    const answer = await services.control.inject({
      method: 'POST',
      url: '/v1/sandboxes',
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(type !== undefined && { 'content-type': type }),
      },
      payload: '{"sandbox_id":"s1","app":"web"}',
    })
    expect(answer.statusCode).toBe(status)
    if (status === 415) expect(answer.json().error).toBe('unsupported_media_type')
  })

  it('that are compressed are answered 415', async () => {
    expect((await send('POST', '/v1/sandboxes', '{}', { 'content-encoding': 'gzip' })).statusCode).toBe(415)
  })

  it('of 65536 bytes are read, and one more is answered 413', async () => {
    const body = (length: number) => '{"sandbox_id":"s1","app":"web"}'.padEnd(length)
    const larger = await send('POST', '/v1/sandboxes', body(65_537))
    expect(larger.statusCode).toBe(413)
    expect(larger.json()).toEqual({
      error: 'request_too_large',
      error_description: 'the body is too large',
    })
    expect((await send('POST', '/v1/sandboxes', body(65_536))).statusCode).toBe(201)
  })
})

describe('the audit', () => {
  it('leaves out an ID that is none, however long it is', async () => {
    const answer = await services.asAdmin('POST', '/v1/sandboxes', {
      sandbox_id: 'x'.repeat(60_000),
      app: 'web',
    })
    expect(answer.statusCode).toBe(400)
    expect(services.actions.at(-1)).toEqual({
      actor: 'ada',
      action: 'sandbox.register',
      outcome: 'refused',
      code: 'ERR_IDENTIFIER_INVALID',
      app: 'web',
      request_id: answer.headers['x-request-id'],
      client_address: '127.0.0.1',
    })
  })

  it('leaves out a JWT and a secret that were sent as IDs, also in the subject', async () => {
    const sandbox_id = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl'
    const answer = await services.asAdmin('POST', '/v1/tokens', { sandbox_id, app: 'wis_marker-of-a-secret' })
    expect(answer.statusCode).toBe(200)
    expect(services.actions.at(-1)).toEqual({
      actor: 'ada',
      action: 'token.vouch',
      outcome: 'done',
      jti: expect.any(String),
      aud: expect.any(String),
      expires_at: expect.any(Number),
      request_id: answer.headers['x-request-id'],
      client_address: '127.0.0.1',
    })
  })
})
