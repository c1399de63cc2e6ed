import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestServices, type TestServices } from './services.testing.ts'

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

const register = (sandboxes: readonly unknown[]) =>
  services.asAdmin('POST', '/v1/sandbox-batches', { sandboxes })

describe('POST /v1/sandbox-batches', () => {
  it('gives each sandbox its secret, or the reason why it was refused, in the order asked', async () => {
    await services.register({ sandbox_id: 'here' })
    const answer = await register([
      { sandbox_id: 'a', app: 'web' },
      { sandbox_id: 'here', app: 'web' },
      { sandbox_id: 'b c', app: 'web' },
      { sandbox_id: 'a', app: 'web' },
      { sandbox_id: 'd', app: 'web', max_ttl: 59 },
      { sandbox_id: 'e', app: 'web', secret_sha256: '0'.repeat(64) },
    ])
    expect(answer.statusCode).toBe(200)
    const { results } = answer.json()
    expect(
      results.map((result: { sandbox_id: string; error?: string }) => [result.sandbox_id, result.error]),
    ).toEqual([
      ['a', undefined],
      ['here', 'conflict'],
      ['b c', 'invalid_request'],
      ['a', 'conflict'],
      ['d', 'invalid_request'],
      ['e', undefined],
    ])
    expect(results[4].error_description).toBe('max_ttl must be a whole number of seconds within 60 and 86400')
    expect(results[5].secret).toBeUndefined()
    const headers = { authorization: `Bearer ${results[0].secret}` }
    expect((await services.token.inject({ url: '/v1/token', headers })).statusCode).toBe(200)
    const { items } = (await services.asAdmin('GET', '/v1/sandboxes')).json()
    expect(items.map((item: { sandbox_id: string }) => item.sandbox_id)).toEqual(['a', 'e', 'here'])
  })

  it('reports each registration to the audit by itself', async () => {
    await register([
      { sandbox_id: 'a', app: 'web' },
      { sandbox_id: 'a', app: 'web' },
    ])
    expect(
      services.actions.map(({ action, outcome, sandbox_id, code }) => [action, outcome, sandbox_id, code]),
    ).toEqual([
      ['sandbox.register', 'done', 'a', undefined],
      ['sandbox.register', 'refused', 'a', 'ERR_SANDBOX_EXISTS'],
    ])
  })

  it('takes 1000 sandboxes and refuses 1001, and none', async () => {
    const many = Array.from({ length: 1001 }, (_, index) => ({ sandbox_id: `s${index}`, app: 'web' }))
    expect((await register(many)).json()).toEqual({
      error: 'invalid_request',
      error_description: 'a batch has 1 to 1000 sandboxes, not 1001',
    })
    expect(services.actions).toHaveLength(1)
    expect((await register([])).statusCode).toBe(400)
    const { results } = (await register(many.slice(0, 1000))).json()
    expect(results.filter((result: { secret?: string }) => result.secret !== undefined)).toHaveLength(1000)
  })

  it('refuses a malformed batch as a whole', async () => {
    const answer = await register([
      { sandbox_id: 'a', app: 'web' },
      { sandbox_id: 'b', app: 'web', color: 'red' },
    ])
    expect(answer.statusCode).toBe(400)
    expect(answer.json().error_description).toContain('color')
    expect((await services.asAdmin('GET', '/v1/sandboxes')).json().items).toEqual([])
  })

  it('is a 503 as a whole when the store cannot be asked, and says so in the audit', async () => {
    services.storage.unavailable = true
    const answer = await register([
      { sandbox_id: 'a', app: 'web' },
      { sandbox_id: 'b', app: 'web' },
    ])
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '5'])
    expect(services.actions.map(({ outcome, sandbox_id }) => [outcome, sandbox_id])).toEqual([
      ['failed', 'a'],
      ['failed', 'b'],
    ])
  })
})
