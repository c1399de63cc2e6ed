import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestServices, READ_TOKEN, type TestServices } from './services.testing.ts'

let services: TestServices
let secret: string

beforeEach(async () => {
  services = await createTestServices()
  secret = await services.registerRunner('node-1')
  await services.registerRunner('node-2')
  await services.register({ sandbox_id: 's1', runner_id: 'node-1' })
})
afterEach(() => services.close())

const list = (token = secret) => services.asAdmin('GET', '/v1/runner/sandboxes', undefined, token)

describe('POST /v1/runners', () => {
  it('registers a runner, gives its secret once, and says where it is', async () => {
    const body = { runner_id: 'rack/1', token_url: 'unix:/run/token.sock', token_dir: '/run/tokens' }
    const answer = await services.asAdmin('POST', '/v1/runners', body)
    expect(answer.statusCode).toBe(201)
    expect(answer.headers).toMatchObject({ location: '/v1/runners/rack%2F1', 'cache-control': 'no-store' })
    expect(answer.json()).toEqual({ ...body, secret: expect.stringMatching(/^wir_[\w-]{43}$/) })
    const view = { ...body, created_at: 1_767_225_600 }
    expect((await services.asAdmin('GET', '/v1/runners/rack%2F1')).json()).toEqual(view)
    expect(services.actions.at(-1)).toMatchObject({
      actor: 'ada',
      action: 'runner.register',
      outcome: 'done',
      runner_id: 'rack/1',
    })
    expect(JSON.stringify([services.actions, services.lines])).not.toContain(answer.json().secret)
  })

  it.each([
    [{ runner_id: 'node-1' }, 409, 'a runner has this ID'],
    [{ runner_id: 'a b' }, 400, /^runner_id must consist of/],
    [{}, 400, 'missing property "runner_id"'],
    [{ runner_id: 'n', token_url: 'ftp://x' }, 400, /^token_url must be an http or https URL/],
    [{ runner_id: 'n', token_url: null }, 400, 'the property "token_url" must be a string'],
    [{ runner_id: 'n', token_dir: 'x' }, 400, 'token_dir must be an absolute path'],
    [{ runner_id: 'n', secret: 'x' }, 400, 'unknown property "secret"'],
  ])('answers %j with %i', async (body, status, description) => {
    const answer = await services.asAdmin('POST', '/v1/runners', body)
    expect(answer.statusCode).toBe(status)
    const text = typeof description === 'string' ? description : expect.stringMatching(description)
    expect(answer.json().error_description).toEqual(text)
  })

  it('is refused to an admin that may read only', async () => {
    const answer = await services.asAdmin('POST', '/v1/runners', { runner_id: 'n' }, READ_TOKEN)
    expect(answer.statusCode).toBe(403)
    expect(services.actions.at(-1)).toMatchObject({ action: 'runner.register', outcome: 'refused' })
  })
})

describe('GET /v1/runners', () => {
  it('lists runners without their secrets, a page at a time', async () => {
    const first = { runner_id: 'node-1', token_url: null, token_dir: null, created_at: 1_767_225_600 }
    const page = await services.asAdmin('GET', '/v1/runners?limit=1')
    expect(page.json()).toEqual({ items: [first], next: 'node-1' })
    const rest = await services.asAdmin('GET', '/v1/runners?after=node-1')
    expect(rest.json()).toEqual({ items: [{ ...first, runner_id: 'node-2' }], next: null })
    expect((await services.asAdmin('GET', '/v1/runners/node-0')).statusCode).toBe(404)
  })
})

describe('POST /v1/runners/{id}/secret', () => {
  it('gives another secret; the old one ends at once, or after a grace', async () => {
    const graced = await services.asAdmin('POST', '/v1/runners/node-1/secret', { grace_seconds: 60 })
    expect(graced.statusCode).toBe(200)
    const second = graced.json().secret as string
    expect((await list()).statusCode).toBe(200)
    services.clock.advance(60)
    expect((await list()).statusCode).toBe(401)
    expect((await list(second)).statusCode).toBe(200)
    const third = (await services.asAdmin('POST', '/v1/runners/node-1/secret')).json().secret as string
    expect((await list(second)).statusCode).toBe(401)
    expect((await list(third)).statusCode).toBe(200)
    expect(services.actions.at(-1)).toMatchObject({ action: 'runner.renew_secret', runner_id: 'node-1' })
  })
})

describe('DELETE /v1/runners/{id}', () => {
  it('is refused while sandboxes are assigned, unless they are to end with it', async () => {
    const refused = await services.asAdmin('DELETE', '/v1/runners/node-1')
    expect(refused.statusCode).toBe(409)
    expect((await list()).statusCode).toBe(200)
    const odd = await services.asAdmin('DELETE', '/v1/runners/node-1?sandboxes=keep')
    expect(odd.statusCode).toBe(400)
    expect((await services.asAdmin('DELETE', '/v1/runners/node-1?sandboxes=end')).statusCode).toBe(204)
    expect(services.actions.at(-1)).toMatchObject({
      action: 'runner.end',
      outcome: 'done',
      runner_id: 'node-1',
      sandboxes: 'end',
    })
    expect((await list()).statusCode).toBe(401)
    expect((await services.asAdmin('GET', '/v1/sandboxes/s1')).statusCode).toBe(404)
    expect((await services.asAdmin('DELETE', '/v1/runners/node-1?sandboxes=end')).statusCode).toBe(404)
  })
})

describe('sandboxes of runners', () => {
  it('are told where their runner is, and where it keeps their tokens', async () => {
    const addresses = { token_url: 'http://127.0.0.1:7133/v1/token', token_dir: '/run/tokens/' }
    await services.registerRunner('node-3', addresses)
    const registration = {
      ...{ sandbox_id: 's3', app: 'web', runner_id: 'node-3', secret_file: '/run/secret' },
      token_files: [{ name: 'aws', audience: 'sts.amazonaws.com' }, { name: 'other' }],
    }
    const answer = await services.asAdmin('POST', '/v1/sandboxes', registration)
    expect(answer.json().env).toEqual({
      WORKLOAD_IDENTITY_ISSUER_URL: 'https://issuer.example.com',
      WORKLOAD_IDENTITY_TOKEN_URL: 'http://127.0.0.1:7133/v1/token',
      WORKLOAD_IDENTITY_TOKEN_SECRET_FILE: '/run/secret',
      // base64url SHA-256 of "s3"
      WORKLOAD_IDENTITY_TOKEN_PATH: '/run/tokens/QSQrn65W-tTm533-M8sY0cP8WD-YjPJe-fLZvg1EC7s/aws',
      ACTIONS_ID_TOKEN_REQUEST_URL: 'http://127.0.0.1:7133/v1/token?api-version=2.0',
    })
    const { token_files, secret_file } = registration
    const view = { sandbox_id: 's3', runner_id: 'node-3', secret_file, token_files }
    expect((await services.asAdmin('GET', '/v1/sandboxes/s3')).json()).toMatchObject(view)
    expect(services.actions.at(-1)).toMatchObject({ action: 'sandbox.register', runner_id: 'node-3' })
  })

  it('are listed by their runner; of one that nobody knows there are none', async () => {
    await services.register({ sandbox_id: 's2', runner_id: 'node-2' })
    const ids = async (query: string) => {
      const answer = await services.asAdmin('GET', `/v1/sandboxes?${query}`)
      return answer.json().items.map((item: { sandbox_id: string }) => item.sandbox_id)
    }
    expect(await ids('runner_id=node-2')).toEqual(['s2'])
    expect(await ids('runner_id=none')).toEqual([])
    expect(await ids('')).toEqual(['s1', 's2'])
  })

  it('are moved, taken from their runner and given other files', async () => {
    const change = async (body: object) => (await services.asAdmin('PATCH', '/v1/sandboxes/s1', body)).json()
    expect(await change({ runner_id: 'node-2' })).toMatchObject({ runner_id: 'node-2' })
    expect(await change({ token_files: [] })).toMatchObject({ runner_id: 'node-2', token_files: [] })
    const bare = await change({ runner_id: null, token_files: null })
    expect(bare).toMatchObject({ runner_id: null })
    expect(bare).not.toHaveProperty('token_files')
    expect(await change({ runner_id: 'none' })).toMatchObject({ error: 'invalid_request' })
  })

  it('of a batch are refused one by one when their runner is unknown', async () => {
    const sandboxes = [
      { sandbox_id: 'b1', app: 'web', runner_id: 'node-1' },
      { sandbox_id: 'b2', app: 'web', runner_id: 'none' },
    ]
    const answer = await services.asAdmin('POST', '/v1/sandbox-batches', { sandboxes })
    expect(answer.json().results).toMatchObject([
      { sandbox_id: 'b1', runner_id: 'node-1' },
      { sandbox_id: 'b2', error: 'invalid_request' },
    ])
  })
})
