import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestServices, type TestServices } from './services.testing.ts'

let services: TestServices
let secret: string
beforeEach(async () => {
  services = await createTestServices()
  secret = await services.register()
})
afterEach(() => services.close())

async function get(url: string, headers: Record<string, string> = { authorization: `Bearer ${secret}` }) {
  return services.token.inject({ method: 'GET', url, headers })
}

function claimsOf(token: string) {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
}

describe('GET /v1/token', () => {
  it('gives a token for the sandbox that has the secret, which nobody may store', async () => {
    const answer = await get('/v1/token')
    expect(answer.statusCode).toBe(200)
    expect(Object.keys(answer.json())).toEqual(['value', 'expires_at'])
    expect(answer.json().expires_at).toBe(1_767_229_200)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    expect(claimsOf(answer.json().value)).toMatchObject({
      iss: 'https://issuer.example.com',
      sub: 'org:acme:app:web:sandbox:s1',
      aud: 'https://issuer.example.com',
      exp: 1_767_229_200,
    })
  })

  it('gives the audiences in the order asked for', async () => {
    const one = await get('/v1/token?audience=sts.amazonaws.com')
    expect(claimsOf(one.json().value).aud).toBe('sts.amazonaws.com')
    const two = await get('/v1/token?audience=b&audience=a')
    expect(claimsOf(two.json().value).aud).toEqual(['b', 'a'])
  })

  it("works with the URL that GitHub's toolkit makes", async () => {
    const answer = await get('/v1/token?api-version=2.0&audience=https%3A%2F%2Fsts.example')
    expect(claimsOf(answer.json().value).aud).toBe('https://sts.example')
  })

  it.each([
    ['1', 60],
    ['59', 60],
    ['60', 60],
    ['061', 61],
    ['86400', 86_400],
    ['86401', 86_400],
    ['9007199254740993', 86_400],
    ['9'.repeat(400), 86_400],
  ])('clamps a ttl of %s to %i seconds', async (ttl, life) => {
    const answer = await get(`/v1/token?ttl=${ttl}`)
    expect(answer.json().expires_at).toBe(1_767_225_600 + life)
  })

  it.each(['', '0', '00', '-1', '%2B60', '+60', '1.5', '60.0', '0x40', '1e3', '60s', 'abc', '%D9%A1', 'NaN'])(
    'refuses a ttl of %j with 400 invalid_request',
    async (ttl) => {
      const answer = await get(`/v1/token?ttl=${ttl}`)
      expect(answer.statusCode).toBe(400)
      expect(answer.json()).toEqual({
        error: 'invalid_request',
        error_description: 'the ttl must be a whole number of seconds of at least 1',
      })
    },
  )

  it.each([
    ['audience=', 'an audience is empty'],
    ['audience=a&audience=', 'an audience is empty'],
    ['audience', 'an audience is empty'],
    ['audience=a&audience=a', 'an audience is given twice'],
    ['audience=a%20b', 'an audience must consist of visible ASCII characters'],
    ['audience=a+b', 'an audience must consist of visible ASCII characters'],
    ['audience=%C3%A4', 'an audience must consist of visible ASCII characters'],
    ['audience=%00', 'an audience must consist of visible ASCII characters'],
    [`audience=${'a'.repeat(1001)}`, 'an audience is longer than 1000 characters'],
    [Array.from({ length: 11 }, (_, i) => `audience=${i}`).join('&'), 'there are more than 10 audiences'],
  ])('refuses %s with 400 invalid_target', async (query, description) => {
    const answer = await get(`/v1/token?${query}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toEqual({ error: 'invalid_target', error_description: description })
  })

  it('takes 10 audiences and one of 1000 characters', async () => {
    const ten = Array.from({ length: 10 }, (_, i) => `audience=${i}`).join('&')
    expect((await get(`/v1/token?${ten}`)).statusCode).toBe(200)
    expect((await get(`/v1/token?audience=${'a'.repeat(1000)}`)).statusCode).toBe(200)
  })

  it.each([
    ['ttl=60&ttl=60', 'the query parameter "ttl" is given more than once'],
    ['api-version=1&api-version=2', 'the query parameter "api-version" is given more than once'],
    ['aud=x', 'unknown query parameter "aud"'],
    ['Audience=x', 'unknown query parameter "Audience"'],
    ['audience[]=x', 'unknown query parameter "audience[]"'],
    ['ttl=60&aud=x&lifetime=1', 'unknown query parameter "aud", "lifetime"'],
    ['=x', 'unknown query parameter ""'],
    ['__proto__=x', 'unknown query parameter "__proto__"'],
    ['constructor=x&toString=y', 'unknown query parameter "constructor", "toString"'],
    ['ttl=%zz', 'the query has a broken percent-escape'],
    ['ttl=%C3%28', 'the query has a broken percent-escape'],
  ])('refuses %s with 400 and the name', async (query, description) => {
    const answer = await get(`/v1/token?${query}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json()).toEqual({ error: 'invalid_request', error_description: description })
  })

  it.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['the scheme alone', { authorization: 'Bearer' }],
    ['two secrets', { authorization: 'Bearer a b' }],
    ['a list', { authorization: 'Bearer a, Bearer b' }],
    ['a character that is not allowed', { authorization: 'Bearer a"b' }],
    ['padding inside', { authorization: 'Bearer a=b' }],
    ['1001 characters', { authorization: `Bearer ${'a'.repeat(1001)}` }],
  ])('answers 401 with WWW-Authenticate to %s, before it looks at the query', async (_what, headers) => {
    for (const url of ['/v1/token?bad=1', '/v1/identity?bad=1']) {
      const answer = await get(url, headers)
      expect(answer.statusCode).toBe(401)
      expect(answer.headers['www-authenticate']).toBe('Bearer')
      expect(answer.json().error).toBe('invalid_token')
      expect(answer.headers['cache-control']).toBe('no-store')
    }
  })

  it('takes the scheme in any case and several spaces', async () => {
    expect((await get('/v1/token', { authorization: `bEARER   ${secret}` })).statusCode).toBe(200)
  })

  it('answers 403 to a secret of no live sandbox, also to one of 1000 characters', async () => {
    for (const unknown of ['wis_unknown', 'a'.repeat(1000)]) {
      const answer = await get('/v1/token', { authorization: `Bearer ${unknown}` })
      expect(answer.statusCode).toBe(403)
      expect(answer.json()).toEqual({
        error: 'access_denied',
        error_description: 'the secret is not that of a live sandbox',
      })
    }
  })

  it('answers 403 to an audience that the sandbox may not ask for', async () => {
    secret = await services.register({ sandbox_id: 's2', allowed_audiences: ['a'] })
    expect((await get('/v1/token?audience=a')).statusCode).toBe(200)
    expect((await get('/v1/token?audience=b')).json().error).toBe('access_denied')
    expect((await get('/v1/token')).statusCode).toBe(403)
  })

  it('answers 503 with Retry-After, never 403, when the registry cannot be asked', async () => {
    services.storage.unavailable = true
    for (const url of ['/v1/token', '/v1/identity']) {
      const answer = await get(url)
      expect(answer.statusCode).toBe(503)
      expect(answer.headers['retry-after']).toBe('5')
      expect(answer.json().error).toBe('temporarily_unavailable')
    }
    const line = services.lines.find(({ level }) => level === 'error')
    expect(line?.facts).toMatchObject({
      status: 503,
      code: 'ERR_STORE_UNAVAILABLE',
      error: { type: 'IssuerError', message: 'the memory registry was made unavailable' },
    })
  })

  it('answers 503 when the registry is a lost one', async () => {
    services.storage.registryId = 'another'
    expect((await get('/v1/token')).statusCode).toBe(503)
  })

  it('refuses a body with 400', async () => {
    const answer = await services.token.inject({
      method: 'GET',
      url: '/v1/token',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
      payload: '{}',
    })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error_description).toBe('a GET request must not have a body')
  })
})

describe('GET /v1/identity', () => {
  it('tells who the sandbox is without signing anything', async () => {
    const answer = await get('/v1/identity?api-version=2.0')
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.json()).toEqual({
      issuer: 'https://issuer.example.com',
      subject: 'org:acme:app:web:sandbox:s1',
      claims: {
        iss: 'https://issuer.example.com',
        sub: 'org:acme:app:web:sandbox:s1',
        organization_id: 'acme',
        app: 'web',
        sandbox_id: 's1',
        identity_type: 'sandbox',
      },
    })
  })

  it.each(['audience=a', 'ttl=60'])('refuses %s by name', async (query) => {
    const [name] = query.split('=')
    const answer = await get(`/v1/identity?${query}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error_description).toBe(`unknown query parameter "${name}"`)
  })
})

describe('createTokenServer', () => {
  it('logs one line per answer that names neither secret, query nor path', async () => {
    await get(`/v1/token?ttl=60&audience=aud-marker`)
    await get(`/v1/token?unknown-marker=1`)
    await get(`/path-marker`)
    const lines = services.lines.filter(({ facts }) => facts['listener'] === 'token')
    expect(lines.map(({ level, facts }) => [level, facts['route'], facts['status'], facts['code']])).toEqual([
      ['info', '/v1/token', 200, undefined],
      ['info', '/v1/token', 400, 'invalid_request'],
      ['info', 'unknown', 404, 'not_found'],
    ])
    const text = JSON.stringify(services.lines)
    for (const marker of [secret, 'aud-marker', 'unknown-marker', 'path-marker']) {
      expect(text).not.toContain(marker)
    }
  })

  it('tells onAnswer what was answered, with the pattern of the route', async () => {
    services.answers.length = 0
    const answer = await get('/v1/token')
    await get('/v1/token', { authorization: 'Bearer wis_unknown' })
    expect(services.answers).toEqual([
      { listener: 'token', method: 'GET', route: '/v1/token', status: 200, seconds: expect.any(Number) },
      {
        listener: 'token',
        method: 'GET',
        route: '/v1/token',
        status: 403,
        code: 'ERR_CREDENTIAL_UNKNOWN',
        seconds: expect.any(Number),
      },
    ])
    expect(services.answers[0]!.seconds).toBeLessThan(10)
    const line = services.lines.find(({ facts }) => facts['request_id'] === answer.headers['x-request-id'])
    expect(line?.facts).toMatchObject({ status: 200, client: '127.0.0.1' })
  })

  it('makes request IDs itself', async () => {
    const headers = { authorization: `Bearer ${secret}`, 'x-request-id': 'mine', 'request-id': 'mine' }
    const answer = await get('/v1/token', headers)
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })
})
