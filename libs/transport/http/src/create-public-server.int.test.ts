import { unixSeconds } from '@workload-identity/core'
import { afterEach, describe, expect, it } from 'vitest'
import type { VerifierFacts } from './create-public-server.ts'
import { sendRaw } from './raw-http.testing.ts'
import { createTestServices, type TestServices } from './services.testing.ts'

const DISCOVERY = '/.well-known/openid-configuration'
const JWKS = '/.well-known/jwks.json'

const otherIssuers = [
  { url: 'https://new.example.com:8443' },
  { url: 'https://old.example.com', until: unixSeconds(1_767_225_700) },
  { url: 'https://ended.example.com', until: unixSeconds(1_767_225_600) },
]

let services: TestServices
afterEach(() => services.close())

async function get(url: string, headers: Record<string, string> = {}) {
  return services.public.inject({ method: 'GET', url, headers })
}

describe('createPublicServer', () => {
  it('serves the discovery document whole', async () => {
    services = await createTestServices()
    const answer = await get(DISCOVERY)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      issuer: 'https://issuer.example.com',
      jwks_uri: 'https://issuer.example.com/.well-known/jwks.json',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['EdDSA'],
      claims_supported: [
        'iss',
        'sub',
        'aud',
        'iat',
        'nbf',
        'exp',
        'jti',
        'organization_id',
        'cluster_id',
        'app',
        'sandbox_id',
        'system_workload',
        'identity_type',
      ],
    })
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=3600, stale-if-error=43200',
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
    })
    expect(answer.headers['etag']).toMatch(/^"[\w-]{43}"$/)
  })

  it.each([
    [{}, 'https://issuer.example.com'],
    [{ host: 'old.example.com' }, 'https://old.example.com'],
    [{ host: 'new.example.com:8443' }, 'https://new.example.com:8443'],
    [{ host: 'ended.example.com' }, 'https://issuer.example.com'],
    [{ host: 'old.example.com:8443' }, 'https://issuer.example.com'],
    [{ host: 'evil.example' }, 'https://issuer.example.com'],
    [{ 'x-forwarded-host': 'old.example.com' }, 'https://issuer.example.com'],
  ])(
    'names itself by the URL that was asked for, if it is one of its own: %j → %s',
    async (headers, issuer) => {
      services = await createTestServices({ otherIssuers })
      // Twice: what most verifiers send is answered before Fastify sees it, what has a condition by Fastify.
      for (const condition of [{}, { 'if-none-match': '"other"' }]) {
        const answer = await get(DISCOVERY, { ...headers, ...condition })
        expect(answer.json()).toMatchObject({ issuer, jwks_uri: `${issuer}${JWKS}` })
        expect(answer.headers['vary']).toBe('Host')
        expect(await get(JWKS, headers)).toMatchObject({ statusCode: 200, body: (await get(JWKS)).body })
      }
    },
  )

  it('follows the host that a trusted proxy names', async () => {
    services = await createTestServices({ otherIssuers, http: { trustedProxies: ['127.0.0.0/8'] } })
    const answer = await get(DISCOVERY, { 'x-forwarded-host': 'old.example.com' })
    expect(answer.json().issuer).toBe('https://old.example.com')
    // A shared cache in front of the proxy keeps apart whatever the answer depends on.
    for (const headers of [answer.headers, (await get(DISCOVERY, { 'if-none-match': '*' })).headers]) {
      expect(headers['vary']).toBe('Host, X-Forwarded-Host, Forwarded')
    }
    expect((await get(JWKS)).headers['vary']).toBe('Host')
  })

  it('gives up an earlier URL when its time is over, without a restart', async () => {
    services = await createTestServices({ otherIssuers })
    services.clock.advance(100)
    const answer = await get(DISCOVERY, { host: 'old.example.com' })
    expect(answer.json().issuer).toBe('https://issuer.example.com')
  })

  it('tells who was given the keys, once for each request, also when he has them already', async () => {
    const served: VerifierFacts[] = []
    services = await createTestServices({ onKeysServed: (verifier) => void served.push(verifier) })
    const { headers } = await get(JWKS, { 'user-agent': 'jose/6' })
    const known = await get(JWKS, { 'if-none-match': String(headers['etag']), 'user-agent': 'vault/1' })
    await get(DISCOVERY, { 'user-agent': 'nobody' })
    await services.public.inject({ method: 'HEAD', url: JWKS, headers: { 'user-agent': 'a probe' } })
    expect(known.statusCode).toBe(304)
    expect(served).toEqual([
      { userAgent: 'jose/6', address: '127.0.0.1' },
      { userAgent: 'vault/1', address: '127.0.0.1' },
    ])
  })

  it('serves a URL with another path there', async () => {
    services = await createTestServices({ otherIssuers: [{ url: 'https://new.example.com/a' }] })
    const answer = await get(`/a${DISCOVERY}`, { host: 'new.example.com' })
    expect(answer.json()).toMatchObject({
      ...{ issuer: 'https://new.example.com/a', jwks_uri: `https://new.example.com/a${JWKS}` },
    })
    expect((await get(`/a${JWKS}`)).body).toBe((await get(JWKS)).body)
    expect((await get(DISCOVERY, { host: 'new.example.com' })).json().issuer).toBe(
      'https://issuer.example.com',
    )
  })

  it('serves the JWK set whole, byte for byte', async () => {
    services = await createTestServices()
    const answer = await get(JWKS)
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toBe(
      '{"keys":[{"kty":"OKP","kid":"If4x36FUomFia_hUBG_SJxt77UtqvkWqWId-9H-XIbk","use":"sig","alg":"EdDSA","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}',
    )
    expect(answer.headers).toMatchObject({
      'content-type': 'application/jwk-set+json',
      'cache-control': 'public, max-age=3600, stale-if-error=43200',
      'access-control-allow-origin': '*',
      'content-length': '168',
    })
    expect(answer.headers['etag']).toBe('"qfkr0uHJOkjkDuHqpiUirEAg0Z597TUNslb5k-7FkZQ"')
  })

  it('caches for 60 seconds and without stale-if-error when the key ring may be out of date', async () => {
    services = await createTestServices()
    services.state.isFresh = false
    for (const path of [DISCOVERY, JWKS]) {
      expect((await get(path)).headers['cache-control']).toBe('public, max-age=60')
    }
  })

  it('answers HEAD with the headers of GET and no body', async () => {
    services = await createTestServices()
    for (const url of [DISCOVERY, JWKS]) {
      const whole = await get(url)
      const head = await services.public.inject({ method: 'HEAD', url })
      expect(head.statusCode).toBe(200)
      expect(head.body).toBe('')
      for (const name of ['etag', 'cache-control', 'content-type', 'content-length']) {
        expect(head.headers[name]).toBe(whole.headers[name])
      }
    }
  })

  it.each([
    ['the tag', (etag: string) => etag],
    ['a star', () => '*'],
    ['the tag marked as weak', (etag: string) => `W/${etag}`],
    ['the tag in a list', (etag: string) => `"a", W/"b,c" , ${etag}`],
  ])('answers 304 with the same headers and no body when If-None-Match is %s', async (_what, header) => {
    services = await createTestServices()
    for (const url of [DISCOVERY, JWKS]) {
      const etag = String((await get(url)).headers['etag'])
      const answer = await get(url, { 'if-none-match': header(etag) })
      expect(answer.statusCode).toBe(304)
      expect(answer.body).toBe('')
      expect(answer.headers).toMatchObject({
        etag,
        'cache-control': 'public, max-age=3600, stale-if-error=43200',
        'access-control-allow-origin': '*',
      })
      expect(answer.headers).not.toHaveProperty('content-type')
    }
  })

  it.each(['"other"', 'W/"other"', '', 'nonsense'])(
    'answers 200 when If-None-Match is %j',
    async (header) => {
      services = await createTestServices()
      expect((await get(JWKS, { 'if-none-match': header })).statusCode).toBe(200)
    },
  )

  it('gives another ETag when the keys change', async () => {
    services = await createTestServices()
    const before = (await get(JWKS)).headers['etag']
    const [key] = services.state.ring.keys
    services.state.ring = { ...services.state.ring, keys: [{ ...key!, kid: 'another' }] }
    const after = await get(JWKS, { 'if-none-match': String(before) })
    expect(after.statusCode).toBe(200)
    expect(after.json().keys[0].kid).toBe('another')
    expect(after.headers['etag']).not.toBe(before)
  })

  it('serves the JWK set at its aliases, too', async () => {
    services = await createTestServices({ jwksAliases: ['/.well-known/miren/jwks', JWKS] })
    const [alias, own] = [await get('/.well-known/miren/jwks'), await get(JWKS)]
    expect(alias.statusCode).toBe(200)
    expect(alias.rawPayload).toEqual(own.rawPayload)
    expect(alias.headers['etag']).toBe(own.headers['etag'])
  })

  it.each(['https://example.com/a/b', 'https://example.com/a.b/@c+d=e~f'])(
    'serves both documents below the path of %s and nothing above it',
    async (issuerUrl) => {
      services = await createTestServices({ issuerUrl })
      const { pathname } = new URL(issuerUrl)
      expect((await get(pathname + DISCOVERY)).json().issuer).toBe(issuerUrl)
      expect((await get(pathname + JWKS)).statusCode).toBe(200)
      expect((await get(DISCOVERY)).statusCode).toBe(404)
      expect((await get(JWKS)).statusCode).toBe(404)
    },
  )

  it.each(['jwks', '/a b', '/a/', '//a', '/a?b', '/:a', '/*', '', DISCOVERY])(
    'refuses the alias %j',
    async (alias) => {
      await expect(createTestServices({ jwksAliases: [alias] })).rejects.toThrow(RangeError)
      services = await createTestServices()
    },
  )

  it('refuses a query parameter by name, and lets nobody cache that', async () => {
    services = await createTestServices()
    const answer = await get(`${JWKS}?x=1`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toEqual({
      error: 'invalid_request',
      error_description: 'unknown query parameter "x"',
    })
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers).not.toHaveProperty('etag')
  })

  it('answers whoever asks under whatever host with the configured issuer', async () => {
    services = await createTestServices()
    const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http' }
    expect((await get(DISCOVERY, headers)).json().issuer).toBe('https://issuer.example.com')
  })
})

describe('the log of the public server', () => {
  it('has answers below 500 at debug, since anybody could ask for more of them', async () => {
    services = await createTestServices()
    const url = await services.public.listen({ host: '127.0.0.1', port: 0 })
    for (const path of [JWKS, '/nowhere', '/%zz']) await fetch(url + path)
    await sendRaw(url, 'nonsense\r\n\r\n')
    Object.assign(services.state, { ring: undefined })
    await fetch(url + JWKS)
    const answered = services.lines.filter(({ message }) => message === 'answered')
    expect(answered.map(({ level, facts }) => [level, facts['status']])).toEqual([
      ['debug', 200],
      ['debug', 404],
      ['debug', 400],
      ['debug', 400],
      ['error', 500],
    ])
  })
})
