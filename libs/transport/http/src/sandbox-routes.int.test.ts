import { unixSeconds } from '@workload-identity/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, createTestServices, REGISTRY_ID, type TestServices } from './services.testing.ts'

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const view = { sandbox_id: 's1', app: 'web', runner_id: null, created_at: 1_767_225_600 }

function claimsOf(token: string) {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
}

async function mint(secret: string) {
  const headers = { authorization: `Bearer ${secret}` }
  return (await services.token.inject({ url: '/v1/token', headers })).statusCode
}

describe('GET /v1/sandboxes', () => {
  it('lists what may be shown of sandboxes, a page at a time', async () => {
    for (const sandbox_id of ['c', 'a', 'b']) await services.register({ sandbox_id, max_ttl: 60 })
    const first = await services.asAdmin('GET', '/v1/sandboxes?limit=2')
    expect(first.json()).toEqual({
      items: [
        { ...view, sandbox_id: 'a', max_ttl: 60 },
        { ...view, sandbox_id: 'b', max_ttl: 60 },
      ],
      next: 'b',
    })
    const second = await services.asAdmin('GET', '/v1/sandboxes?limit=2&after=b')
    expect(second.json()).toEqual({ items: [{ ...view, sandbox_id: 'c', max_ttl: 60 }], next: null })
    expect((await services.asAdmin('GET', '/v1/sandboxes')).json().items).toHaveLength(3)
  })

  it('gives 100 without a limit', async () => {
    for (let i = 0; i < 101; i += 1) await services.register({ sandbox_id: `s${i}` })
    expect((await services.asAdmin('GET', '/v1/sandboxes')).json().items).toHaveLength(100)
    expect((await services.asAdmin('GET', '/v1/sandboxes?limit=1000')).json().items).toHaveLength(101)
  })

  it.each([
    ['limit=0', 'limit must be a whole number within 1 and 1000'],
    ['limit=1001', 'limit must be a whole number within 1 and 1000'],
    ['limit=1e2', 'limit must be a whole number within 1 and 1000'],
    ['limit=', 'limit must be a whole number within 1 and 1000'],
    ['limit=1&limit=2', 'the query parameter "limit" is given more than once'],
    ['after=', 'sandbox_id is empty'],
    ['after=a&after=b', 'the query parameter "after" is given more than once'],
    ['runner_id=', 'runner_id is empty'],
    ['runner_id=a&runner_id=b', 'the query parameter "runner_id" is given more than once'],
  ])('refuses %s', async (query, description) => {
    const answer = await services.asAdmin('GET', `/v1/sandboxes?${query}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toEqual({ error: 'invalid_request', error_description: description })
  })
})

describe('one sandbox', () => {
  it('is shown, changed and ended by its ID, also with slashes in it', async () => {
    const secret = await services.register({ sandbox_id: 'a/b' })
    const url = '/v1/sandboxes/a%2Fb'
    expect((await services.asAdmin('GET', url)).json()).toEqual({ ...view, sandbox_id: 'a/b' })
    const changed = await services.asAdmin('PATCH', url, { max_ttl: 61 })
    expect(changed.json()).toEqual({ ...view, sandbox_id: 'a/b', max_ttl: 61 })
    const renewed = await services.asAdmin('POST', `${url}/secret`)
    expect(renewed.statusCode).toBe(200)
    expect(await mint(secret)).toBe(403)
    expect(await mint(renewed.json().secret)).toBe(200)
    const ended = await services.asAdmin('DELETE', url)
    expect([ended.statusCode, ended.body]).toEqual([204, ''])
    expect((await services.asAdmin('DELETE', url)).statusCode).toBe(404)
    expect((await services.asAdmin('GET', url)).json()).toEqual({
      error: 'not_found',
      error_description: 'there is no live sandbox with this ID',
    })
    expect(await mint(renewed.json().secret)).toBe(403)
    expect(services.actions.map(({ action, outcome }) => `${action} ${outcome}`)).toEqual([
      'sandbox.register done',
      'sandbox.change done',
      'sandbox.renew_secret done',
      'sandbox.end done',
      'sandbox.end refused',
    ])
  })

  it('with an ID of 255 characters, all of them escaped, is found', async () => {
    const sandbox_id = `a${'/a'.repeat(127)}`
    await services.register({ sandbox_id })
    const escaped = [...sandbox_id].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')
    expect((await services.asAdmin('GET', `/v1/sandboxes/${escaped}`)).statusCode).toBe(200)
    expect((await services.asAdmin('POST', `/v1/sandboxes/${escaped}/secret`)).statusCode).toBe(200)
  })

  it.each(['a%20b', 'a%2F', '%2Fa', 'a%2F..%2Fb', 'a%252Fb', 'a%00', 'a'.repeat(256), 'a:b'])(
    'with the ID %s is refused with 400',
    async (id) => {
      const calls = [
        ['GET', `/v1/sandboxes/${id}`],
        ['PATCH', `/v1/sandboxes/${id}`],
        ['DELETE', `/v1/sandboxes/${id}`],
        ['POST', `/v1/sandboxes/${id}/secret`],
      ] as const
      for (const [method, url] of calls) {
        const body = method === 'PATCH' ? { max_ttl: 60 } : undefined
        const answer = await services.asAdmin(method, url, body)
        expect([method, answer.statusCode]).toEqual([method, 400])
        expect(answer.json().error_description).toMatch(/^sandbox_id /)
      }
    },
  )

  it('that does not exist is 404 for everything', async () => {
    expect((await services.asAdmin('GET', '/v1/sandboxes/x')).statusCode).toBe(404)
    expect((await services.asAdmin('PATCH', '/v1/sandboxes/x', { max_ttl: 60 })).statusCode).toBe(404)
    expect((await services.asAdmin('POST', '/v1/sandboxes/x/secret', {})).statusCode).toBe(404)
  })

  it('that expired is 404', async () => {
    await services.register({ expires_at: 1_767_225_610 })
    services.clock.advance(9)
    expect((await services.asAdmin('GET', '/v1/sandboxes/s1')).statusCode).toBe(200)
    services.clock.advance(1)
    expect((await services.asAdmin('GET', '/v1/sandboxes/s1')).statusCode).toBe(404)
  })

  it('is never shown with its secrets', async () => {
    await services.register({ secret_sha256: 'ab'.repeat(32) })
    for (const url of ['/v1/sandboxes', '/v1/sandboxes/s1']) {
      expect((await services.asAdmin('GET', url)).body).not.toMatch(/secret|sha256|abab|revision/)
    }
  })
})

describe('PATCH /v1/sandboxes/{id}', () => {
  it('takes away what is null and leaves what is not named', async () => {
    await services.register({
      expires_at: 1_767_225_700,
      allowed_audiences: ['a'],
      max_ttl: 100,
      subject: 'app',
    })
    const one = await services.asAdmin('PATCH', '/v1/sandboxes/s1', { expires_at: null, subject: null })
    expect(one.json()).toEqual({ ...view, allowed_audiences: ['a'], max_ttl: 100 })
    const two = await services.asAdmin('PATCH', '/v1/sandboxes/s1', {
      allowed_audiences: null,
      max_ttl: null,
    })
    expect(two.json()).toEqual(view)
  })

  it.each([
    [{}, 'the body names nothing to change'],
    [{ app: 'other' }, 'unknown property "app"'],
    [{ sandbox_id: 's2' }, 'unknown property "sandbox_id"'],
    [{ runner_id: 'r1' }, 'no runner is registered as r1; register it first'],
    [{ token_files: [] }, 'token_files are kept by a runner: give runner_id, or take token_files away, too'],
    [{ secret_file: '/run/secret' }, 'unknown property "secret_file"'],
    [{ secret_sha256: 'ab' }, 'unknown property "secret_sha256"'],
    [{ max_ttl: '60' }, 'the property "max_ttl" must be a number or null'],
    [{ subject: 'x' }, 'the property "subject" must be "sandbox" or "app" or null'],
    [{ expires_at: 1 }, 'expires_at must be a moment in the future, in whole Unix seconds'],
  ])('refuses %j', async (body, description) => {
    await services.register()
    const answer = await services.asAdmin('PATCH', '/v1/sandboxes/s1', body)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toEqual({ error: 'invalid_request', error_description: description })
  })
})

describe('POST /v1/sandboxes/{id}/secret', () => {
  it.each(['null', 'false', '0', '""', '[]'])(
    'refuses the body %s and leaves the secret as it was',
    async (payload) => {
      const secret = await services.register()
      const answer = await services.control.inject({
        method: 'POST',
        url: '/v1/sandboxes/s1/secret',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        payload,
      })
      expect(answer.statusCode).toBe(400)
      expect(answer.json().error).toBe('invalid_request')
      expect(await mint(secret)).toBe(200)
    },
  )

  it('keeps the old secret for its grace', async () => {
    const old = await services.register()
    const answer = await services.asAdmin('POST', '/v1/sandboxes/s1/secret', { grace_seconds: 10 })
    expect(Object.keys(answer.json())).toEqual(['sandbox_id', 'app', 'runner_id', 'secret', 'env'])
    services.clock.advance(9)
    expect(await mint(old)).toBe(200)
    services.clock.advance(1)
    expect(await mint(old)).toBe(403)
    expect(await mint(answer.json().secret)).toBe(200)
  })

  it.each([-1, 0.5, 86_401, '10', null])('refuses a grace of %j', async (grace_seconds) => {
    await services.register()
    const answer = await services.asAdmin('POST', '/v1/sandboxes/s1/secret', { grace_seconds })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error_description).toMatch(/grace_seconds/)
  })

  it.each([0, 86_400])('takes a grace of %i', async (grace_seconds) => {
    await services.register()
    const answer = await services.asAdmin('POST', '/v1/sandboxes/s1/secret', { grace_seconds })
    expect(answer.statusCode).toBe(200)
  })
})

describe('POST /v1/tokens', () => {
  const body = { app: 'web', sandbox_id: 'unregistered' }

  it('gives a token for a sandbox that is vouched for, and reports it without the token', async () => {
    const answer = await services.asAdmin('POST', '/v1/tokens', { ...body, audience: ['a', 'b'], ttl: 90 })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    const { value, expires_at } = answer.json()
    expect(expires_at).toBe(1_767_225_690)
    const claims = claimsOf(value)
    expect(claims).toMatchObject({ sub: 'org:acme:app:web:sandbox:unregistered', aud: ['a', 'b'] })
    expect(services.actions).toEqual([
      {
        actor: 'ada',
        action: 'token.vouch',
        outcome: 'done',
        sandbox_id: 'unregistered',
        app: 'web',
        jti: claims.jti,
        sub: claims.sub,
        aud: ['a', 'b'],
        expires_at: 1_767_225_690,
        request_id: answer.headers['x-request-id'],
        client_address: '127.0.0.1',
      },
    ])
    expect(JSON.stringify([services.actions, services.lines])).not.toContain(value.split('.')[2])
  })

  it.each([
    [{ audience: 5 }, 400, 'invalid_target'],
    [{ audience: null }, 400, 'invalid_target'],
    [{ audience: {} }, 400, 'invalid_target'],
    [{ audience: ['a', 5] }, 400, 'invalid_target'],
    [{ audience: [] }, 400, 'invalid_target'],
    [{ audience: '' }, 400, 'invalid_target'],
    [{ ttl: 0 }, 400, 'invalid_request'],
    [{ ttl: -1 }, 400, 'invalid_request'],
    [{ ttl: 1.5 }, 400, 'invalid_request'],
    [{ ttl: '60' }, 400, 'invalid_request'],
    [{ ttl: null }, 400, 'invalid_request'],
    [{ runner_id: 'r1' }, 400, 'invalid_request'],
    [{ subject: 'app' }, 400, 'invalid_request'],
    [{ app: undefined }, 400, 'invalid_request'],
    [{ app: '' }, 400, 'invalid_request'],
    [{ ttl: 1 }, 200, undefined],
    [{ ttl: 1e300 }, 200, undefined],
    [{ audience: 'a' }, 200, undefined],
  ])('with %j is answered %i %s', async (change, status, error) => {
    const answer = await services.asAdmin('POST', '/v1/tokens', { ...body, ...change })
    expect(answer.statusCode).toBe(status)
    expect(answer.json().error).toBe(error)
  })

  it('is 409 when the sandbox is registered for another app, and follows its policy when it is not', async () => {
    await services.register({ max_ttl: 60, allowed_audiences: ['a'] })
    const other = await services.asAdmin('POST', '/v1/tokens', { app: 'other', sandbox_id: 's1' })
    expect(other.statusCode).toBe(409)
    const own = { app: 'web', sandbox_id: 's1', audience: 'a', ttl: 600 }
    expect((await services.asAdmin('POST', '/v1/tokens', own)).json().expires_at).toBe(1_767_225_660)
    const denied = await services.asAdmin('POST', '/v1/tokens', { ...own, audience: 'b' })
    expect(denied.statusCode).toBe(403)
  })

  it('is 503 and reported as failed when the registry cannot be asked', async () => {
    services.storage.unavailable = true
    expect((await services.asAdmin('POST', '/v1/tokens', body)).statusCode).toBe(503)
    expect(services.actions).toMatchObject([{ outcome: 'failed', code: 'ERR_STORE_UNAVAILABLE' }])
  })
})

describe('GET /v1/issuer', () => {
  it('tells who issues, where and under which rules', async () => {
    expect((await services.asAdmin('GET', '/v1/issuer')).json()).toEqual({
      issuer: 'https://issuer.example.com',
      earlier_issuers: [],
      organization_id: 'acme',
      discovery_url: 'https://issuer.example.com/.well-known/openid-configuration',
      jwks_uri: 'https://issuer.example.com/.well-known/jwks.json',
      token_url: 'https://token.example.com/v1/token',
      default_audience: 'https://issuer.example.com',
      default_ttl: 3600,
      max_ttl: 86_400,
      active_key: { kid: 'If4x36FUomFia_hUBG_SJxt77UtqvkWqWId-9H-XIbk', alg: 'EdDSA' },
      // printf '%s EdDSA\n' "$kid" | openssl dgst -sha256 -binary | basenc --base64url
      keys_fingerprint: 'SHA256:sFogvOUuY-NVJluRLf2ks0tc82ZrWDyQt9muezVLTMM',
      registry_id: REGISTRY_ID,
    })
  })
})

describe('GET /v1/issuer of one that moves', () => {
  it('tells the announced URL and the earlier ones with their ends', async () => {
    const issuers = [
      { url: 'https://issuer.example.com' },
      { url: 'https://new.example.com' },
      { url: 'https://old.example.com', until: unixSeconds(1_767_225_601) },
      { url: 'https://gone.example.com', until: unixSeconds(1_767_225_600) },
    ]
    services.state.ring = { ...services.state.ring, issuers }
    expect((await services.asAdmin('GET', '/v1/issuer')).json()).toMatchObject({
      issuer: 'https://issuer.example.com',
      announced_issuer: 'https://new.example.com',
      earlier_issuers: [{ issuer: 'https://old.example.com', until: 1_767_225_601 }],
    })
  })
})

describe('GET /v1/keys', () => {
  it('tells the public facts of the keys and nothing of their private halves', async () => {
    const answer = await services.asAdmin('GET', '/v1/keys')
    expect(answer.json()).toEqual({
      items: [
        {
          kid: 'If4x36FUomFia_hUBG_SJxt77UtqvkWqWId-9H-XIbk',
          alg: 'EdDSA',
          state: 'active',
          origin: 'generated',
          created_at: 1_767_225_600,
          published_at: 1_767_225_600,
          activated_at: 1_767_225_600,
          jwk: {
            kty: 'OKP',
            kid: 'If4x36FUomFia_hUBG_SJxt77UtqvkWqWId-9H-XIbk',
            use: 'sig',
            alg: 'EdDSA',
            crv: 'Ed25519',
            x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
          },
        },
      ],
      next: null,
    })
  })
})
