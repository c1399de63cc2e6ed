import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestServices, REGISTRY_ID, type TestServices } from './services.testing.ts'

const path = '/v1/registry/accept-loss'
const another = '44444444-4444-4444-8444-444444444444'

let services: TestServices
beforeEach(async () => {
  services = await createTestServices()
})
afterEach(() => services.close())

function loseRegistry(): void {
  delete services.storage.registryId
  services.storage.sandboxes.clear()
}

describe('POST /v1/registry/accept-loss', () => {
  it('lets a new registry count, so that a sandbox is registered again with the secret it has', async () => {
    await services.register()
    loseRegistry()
    expect((await services.asAdmin('GET', '/v1/sandboxes/s1')).statusCode).toBe(503)
    const answer = await services.asAdmin('POST', path, { expected_registry_id: REGISTRY_ID })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      registry_id: services.storage.registryId,
      lost_registry_id: REGISTRY_ID,
      is_empty: true,
    })
    expect((await services.asAdmin('GET', '/v1/sandboxes/s1')).statusCode).toBe(404)
    const again = { sandbox_id: 's1', app: 'web', secret_sha256: 'ab'.repeat(32) }
    expect((await services.asAdmin('POST', '/v1/sandboxes', again)).statusCode).toBe(201)
    expect((await services.asAdmin('GET', '/v1/issuer')).json().registry_id).toBe(services.storage.registryId)
  })

  it('reports who accepted which loss', async () => {
    loseRegistry()
    const answer = await services.asAdmin('POST', path)
    expect(services.actions).toEqual([
      {
        actor: 'ada',
        action: 'registry.accept_loss',
        outcome: 'done',
        registry_id: answer.json().registry_id,
        lost_registry_id: REGISTRY_ID,
        request_id: answer.headers['x-request-id'],
        client_address: '127.0.0.1',
      },
    ])
  })

  it.each([{}, { expected_registry_id: REGISTRY_ID }, { expected_registry_id: another }])(
    'is 409 for %j while nothing is lost, and reported',
    async (body) => {
      const answer = await services.asAdmin('POST', path, body)
      expect([answer.statusCode, answer.json().error]).toEqual([409, 'conflict'])
      expect(services.actions).toMatchObject([{ outcome: 'refused', code: 'ERR_REGISTRY_NOT_LOST' }])
      expect(JSON.stringify(services.actions)).not.toContain(another)
    },
  )

  it('is 409 when another registry than the named one is lost, and changes nothing', async () => {
    loseRegistry()
    const answer = await services.asAdmin('POST', path, { expected_registry_id: another })
    expect(answer.statusCode).toBe(409)
    expect(services.storage.registryId).toBeUndefined()
  })

  it('is 503 with Retry-After when the store cannot be told', async () => {
    services.storage.unavailable = true
    const answer = await services.asAdmin('POST', path)
    expect(answer.statusCode).toBe(503)
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
    expect(services.actions).toMatchObject([{ outcome: 'failed', code: 'ERR_STORE_UNAVAILABLE' }])
  })

  it.each([{ registry_id: REGISTRY_ID }, { expected_registry_id: 7 }, { expected_registry_id: null }])(
    'is 400 for the body %j',
    async (body) => {
      loseRegistry()
      expect((await services.asAdmin('POST', path, body)).statusCode).toBe(400)
      expect(services.storage.registryId).toBeUndefined()
    },
  )
})
