import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createTestServices, READ_TOKEN, type TestServices } from './services.testing.ts'

let services: TestServices
let secret: string

beforeEach(async () => {
  services = await createTestServices()
  secret = await services.registerRunner('node-1')
  await services.registerRunner('node-2')
  await services.register({ sandbox_id: 's1', runner_id: 'node-1' })
})
afterEach(() => services.close())

const asRunner = (method: 'GET' | 'POST', url: string, body?: object, token = secret) =>
  services.asAdmin(method, url, body, token)
const mint = (...requests: readonly object[]) => asRunner('POST', '/v1/runner/tokens', { requests })
const list = (headers: object = {}, token = secret) =>
  services.control.inject({
    url: '/v1/runner/sandboxes',
    headers: { authorization: `Bearer ${token}`, ...headers },
  })
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

const notAssigned = {
  error: 'access_denied',
  error_description: 'no live sandbox with this ID is assigned to this runner',
}

describe('POST /v1/runner/tokens', () => {
  it('mints for sandboxes of the runner with the claims that the registry gives them', async () => {
    const answer = await mint({ sandbox_id: 's1', audience: ['a', 'b'], ttl: 900 })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    const [{ value, ...rest }] = answer.json().results
    expect(rest).toEqual({ sandbox_id: 's1', expires_at: 1_767_226_500 })
    expect(claimsOf(value)).toMatchObject({
      sub: 'org:acme:app:web:sandbox:s1',
      aud: ['a', 'b'],
      identity_type: 'sandbox',
    })
  })

  it('answers each entry for itself, in the order asked', async () => {
    await services.register({ sandbox_id: 's2', runner_id: 'node-2' })
    await services.register({ sandbox_id: 's3' })
    await services.register({ sandbox_id: 's4', runner_id: 'node-1', allowed_audiences: ['a'] })
    const answer = await mint(
      { sandbox_id: 's2' },
      { sandbox_id: 's1' },
      { sandbox_id: 's3' },
      { sandbox_id: 'none' },
      { sandbox_id: 'a:b' },
      { sandbox_id: 's1', ttl: 0 },
      { sandbox_id: 's1', audience: '' },
      { sandbox_id: 's4', audience: 'b' },
      { sandbox_id: 's4', audience: 'a' },
    )
    expect(answer.statusCode).toBe(200)
    expect(answer.json().results).toEqual([
      { sandbox_id: 's2', ...notAssigned },
      { sandbox_id: 's1', value: expect.any(String), expires_at: 1_767_229_200 },
      { sandbox_id: 's3', ...notAssigned },
      { sandbox_id: 'none', ...notAssigned },
      { sandbox_id: 'a:b', error: 'invalid_request', error_description: expect.any(String) },
      { sandbox_id: 's1', error: 'invalid_request', error_description: expect.any(String) },
      { sandbox_id: 's1', error: 'invalid_target', error_description: expect.any(String) },
      { sandbox_id: 's4', error: 'access_denied', error_description: expect.any(String) },
      { sandbox_id: 's4', value: expect.any(String), expires_at: 1_767_229_200 },
    ])
    expect(services.mints).toHaveLength(9)
    expect(services.mints.filter((outcome) => outcome === 'issued')).toHaveLength(2)
    expect(services.mints).toContain('ERR_SANDBOX_NOT_ASSIGNED')
    expect(JSON.stringify(services.lines)).not.toContain(answer.json().results[1].value)
  })

  it('takes 1 to 100 requests, also of the longest values', async () => {
    const long = (index: number) => ({
      sandbox_id: `${'a'.repeat(252)}${String(index).padStart(3, '0')}`,
      audience: Array.from({ length: 10 }, (_, which) => '"'.repeat(999) + String(which)),
      ttl: 86_400,
    })
    const hundred = Array.from({ length: 100 }, (_, index) => long(index))
    const answer = await mint(...hundred)
    expect(answer.statusCode).toBe(200)
    const ids = answer.json().results.map((entry: { sandbox_id: string }) => entry.sandbox_id)
    expect(ids).toEqual(hundred.map((entry) => entry.sandbox_id))
    const more = await mint(...Array.from({ length: 101 }, () => ({ sandbox_id: 's1' })))
    expect(more.statusCode).toBe(400)
    expect(more.json().error_description).toBe('a batch has 1 to 100 requests, not 101')
    expect((await mint()).statusCode).toBe(400)
  })

  it.each([
    [{ app: 'billing' }, 'unknown property "requests.0.app"'],
    [{ runner_id: 'node-2' }, 'unknown property "requests.0.runner_id"'],
    [{ subject: 'app' }, 'unknown property "requests.0.subject"'],
    [{ ttl: '900' }, 'the property "requests.0.ttl" must be a number'],
  ])('refuses a request with %j', async (change, description) => {
    const answer = await mint({ sandbox_id: 's1', ...change })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error_description).toBe(description)
    expect(services.minted).toEqual([])
  })

  it('has 48 requests of a runner under way at most, whatever they are, and leaves others alone', async () => {
    const other = (await services.asAdmin('POST', '/v1/runners/node-2/secret')).json().secret as string
    const gate = Promise.withResolvers<undefined>()
    services.held.until = gate.promise
    const waiting = Array.from({ length: 48 }, () => mint({ sandbox_id: 's1' }))
    await expect.poll(() => services.held.count, { timeout: 30_000 }).toBe(48)
    const more = await mint({ sandbox_id: 's1' })
    expect({ status: more.statusCode, ...more.json(), retry: more.headers['retry-after'] }).toEqual({
      status: 429,
      error: 'slow_down',
      error_description: '48 requests of this runner for tokens are under way',
      retry: '1',
    })
    const asked = { requests: [{ sandbox_id: 's1' }] }
    expect((await asRunner('POST', '/v1/runner/identities', asked)).statusCode).toBe(429)
    const system = await asRunner('POST', '/v1/runner/system-tokens', { workload: 'image-puller' })
    expect(system.statusCode).toBe(429)
    expect((await list()).statusCode).toBe(200)
    const ofOther = asRunner('POST', '/v1/runner/tokens', asked, other)
    gate.resolve(undefined)
    for (const answer of await Promise.all([...waiting, ofOther])) expect(answer.statusCode).toBe(200)
    expect((await mint({ sandbox_id: 's1' })).statusCode).toBe(200)
  })

  it('answers 503 where the store cannot be asked: for the request, or for the entry that needs it', async () => {
    services.storage.unavailable = true
    expect((await mint({ sandbox_id: 's1' })).statusCode).toBe(503)
    services.storage.unavailable = false
    services.unreachable.add('s2')
    const answer = await mint({ sandbox_id: 's2' }, { sandbox_id: 's1' })
    expect(answer.statusCode).toBe(200)
    expect(answer.json().results).toMatchObject([
      { sandbox_id: 's2', error: 'temporarily_unavailable' },
      { sandbox_id: 's1', value: expect.any(String) },
    ])
    const [line] = services.lines.filter(({ message }) => message === 'entries of a batch failed')
    expect(line).toMatchObject({ level: 'error', facts: { failed: 1, entries: 2 } })
  })

  it('is refused at once to a runner that is ended, and for a sandbox that is ended or moved', async () => {
    await services.register({ sandbox_id: 's2', runner_id: 'node-1' })
    await services.asAdmin('PATCH', '/v1/sandboxes/s1', { runner_id: 'node-2' })
    await services.asAdmin('DELETE', '/v1/sandboxes/s2')
    const answer = await mint({ sandbox_id: 's1' }, { sandbox_id: 's2' })
    expect(answer.json().results).toEqual([
      { sandbox_id: 's1', ...notAssigned },
      { sandbox_id: 's2', ...notAssigned },
    ])
    await services.asAdmin('DELETE', '/v1/runners/node-1')
    expect((await mint({ sandbox_id: 's1' })).statusCode).toBe(401)
  })
})

describe('POST /v1/runner/identities', () => {
  it('says who sandboxes of the runner are, and signs nothing', async () => {
    const requests = [{ sandbox_id: 's1' }, { sandbox_id: 'none' }]
    const answer = await asRunner('POST', '/v1/runner/identities', { requests })
    expect(answer.statusCode).toBe(200)
    const sub = 'org:acme:app:web:sandbox:s1'
    const [identity, refused] = answer.json().results
    expect(identity).toMatchObject({ sandbox_id: 's1', issuer: 'https://issuer.example.com', subject: sub })
    expect(identity.claims).toMatchObject({ sub, app: 'web', identity_type: 'sandbox' })
    expect(refused).toEqual({ sandbox_id: 'none', ...notAssigned })
    expect(services.mints).toEqual([])
    expect(services.minted).toEqual([])
  })
})

describe('GET /v1/runner/sandboxes', () => {
  it('gives what a runner has to know of its sandboxes, and nothing of others', async () => {
    await services.register({ sandbox_id: 's2', runner_id: 'node-2' })
    await services.register({
      ...{ sandbox_id: 's3', runner_id: 'node-1', expires_at: 1_767_229_200, max_ttl: 900, subject: 'app' },
      token_files: [{ name: 'aws', audience: 'sts.amazonaws.com', ttl: 900 }],
    })
    const answer = await list()
    expect(answer.headers).toMatchObject({
      etag: expect.stringMatching(/^"[\w-]{43}"$/),
      'cache-control': 'no-store',
      'content-type': 'application/json; charset=utf-8',
    })
    const secrets = [{ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]
    expect(answer.json()).toEqual({
      runner_id: 'node-1',
      registry_id: '33333333-3333-4333-8333-333333333333',
      sandboxes: [
        { sandbox_id: 's1', app: 'web', secrets, token_files: [{ name: 'token' }] },
        {
          ...{ sandbox_id: 's3', app: 'web', secrets, expires_at: 1_767_229_200 },
          token_files: [{ name: 'aws', audience: 'sts.amazonaws.com', ttl: 900 }],
          ...{ max_ttl: 900, subject: 'app' },
        },
      ],
      ended: [],
    })
  })

  it('is 304 until something changes, here at once', async () => {
    const { etag } = (await list()).headers
    const same = await list({ 'if-none-match': `"x", ${etag}` })
    expect([same.statusCode, same.body, same.headers.etag]).toEqual([304, '', etag])
    await services.asAdmin('DELETE', '/v1/sandboxes/s1')
    const changed = await list({ 'if-none-match': etag })
    expect(changed.statusCode).toBe(200)
    expect(changed.headers.etag).not.toBe(etag)
    const ended = [{ sandbox_id: 's1', ended_at: 1_767_225_600 }]
    expect(changed.json()).toMatchObject({ sandboxes: [], ended })
  })

  it('is read anew for Cache-Control: no-cache, whatever another replica changed meanwhile', async () => {
    const { etag } = (await list()).headers
    services.storage.sandboxes.delete('s1')
    expect((await list({ 'cache-control': 'max-age=0' })).headers.etag).toBe(etag)
    const answer = await list({ 'cache-control': 'max-age=0, No-Cache', 'if-none-match': etag })
    expect(answer.json()).toMatchObject({ sandboxes: [] })
  })

  it('tells both runners of a sandbox that is moved', async () => {
    const other = (await services.asAdmin('POST', '/v1/runners/node-2/secret')).json().secret as string
    await list()
    await list({}, other)
    await services.asAdmin('PATCH', '/v1/sandboxes/s1', { runner_id: 'node-2' })
    expect((await list()).json()).toMatchObject({ sandboxes: [], ended: [{ sandbox_id: 's1' }] })
    expect((await list({}, other)).json()).toMatchObject({ sandboxes: [{ sandbox_id: 's1' }], ended: [] })
  })
})

describe('POST /v1/runner/system-tokens', () => {
  it('mints for a configured workload with its first audience, or another one of its', async () => {
    const usual = await asRunner('POST', '/v1/runner/system-tokens', { workload: 'image-puller' })
    expect(usual.statusCode).toBe(200)
    expect(claimsOf(usual.json().value)).toMatchObject({
      ...{ sub: 'org:acme:system:image-puller', aud: 'https://registry.example.com' },
      ...{ identity_type: 'system', system_workload: 'image-puller' },
    })
    const body = { workload: 'image-puller', audience: 'mirror', ttl: 60 }
    const other = await asRunner('POST', '/v1/runner/system-tokens', body)
    expect(claimsOf(other.json().value)).toMatchObject({ aud: 'mirror' })
    expect(other.json().expires_at).toBe(1_767_225_660)
  })

  it.each([
    [{ workload: 'other' }, 403],
    [{ workload: 'image-puller', audience: 'sts.amazonaws.com' }, 403],
    [{ workload: 'image-puller', audience: ['mirror', 'x'] }, 403],
    [{ workload: 'image-puller', ttl: 0 }, 400],
    [{ workload: 'image-puller', sandbox_id: 's1' }, 400],
    [{}, 400],
  ])('answers %j with %i', async (body, status) => {
    expect((await asRunner('POST', '/v1/runner/system-tokens', body)).statusCode).toBe(status)
  })

  it('is refused to a runner that is not named', async () => {
    const other = (await services.asAdmin('POST', '/v1/runners/node-2/secret')).json().secret as string
    const body = { workload: 'image-puller' }
    expect((await asRunner('POST', '/v1/runner/system-tokens', body, other)).statusCode).toBe(403)
  })
})

describe('routes of runners', () => {
  it('refuse credentials of others before they read a body', async () => {
    const sandboxSecret = await services.register({ sandbox_id: 's9' })
    for (const token of [ADMIN_TOKEN, READ_TOKEN, sandboxSecret, 'wir_unknown']) {
      for (const url of ['/v1/runner/tokens', '/v1/runner/identities', '/v1/runner/system-tokens']) {
        const answer = await asRunner('POST', url, { nonsense: true }, token)
        expect([url, answer.statusCode, answer.headers['www-authenticate']]).toEqual([url, 401, 'Bearer'])
        expect(answer.json().error_description).toBe('the secret is not that of a runner')
      }
      expect((await list({}, token)).statusCode).toBe(401)
    }
  })
})
