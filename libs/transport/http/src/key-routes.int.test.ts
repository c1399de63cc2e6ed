import { DEFAULT_ROTATION_POLICY, seconds, unixSeconds } from '@workload-identity/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toKeyView, toPlanView } from './key-views.ts'
import { createTestServices, READ_TOKEN, type TestServices } from './services.testing.ts'

const START = 1_767_225_600
const DAY = 86_400
/** Of RFC 8037 appendix A.3, as the first key of the services. */
let firstKid: string
let services: TestServices

beforeEach(async () => {
  services = await createTestServices()
  firstKid = services.state.ring.keys[0]?.kid ?? ''
})
afterEach(() => services.close())

interface KeyView {
  readonly kid: string
  readonly alg: string
  readonly state: string
}

async function states(): Promise<readonly string[]> {
  const { items } = (await services.asAdmin('GET', '/v1/keys')).json()
  return (items as readonly KeyView[]).map(({ alg, state }) => `${alg} ${state}`)
}

describe('GET /v1/keys/plan', () => {
  it('tells the policy, every rule with its numbers, and dates with what they follow from', async () => {
    const answer = await services.asAdmin('GET', '/v1/keys/plan', undefined, READ_TOKEN)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['cache-control']).toBe('no-store')
    const plan = answer.json()
    expect(plan).toMatchObject({
      now: START,
      signing_algorithm: 'ES256',
      policy: { active_for: 30 * DAY, publish_ahead: DAY, keep_retired: 93_600, max_ttl: DAY },
      next_change: { due: 'publish-next', at: START },
    })
    expect(plan.checks).toHaveLength(7)
    expect(plan.checks.at(-1)).toEqual({
      name: 'kept-after-it-signed',
      left: 93_600,
      comparison: '>=',
      right: 86_880,
      holds: true,
      sentence: 'keepRetired (93600 s) must be at least the maximum TTL + 3 × tolerance + storeLag = 86880 s',
    })
    expect(plan.timeline.map(({ change, at }: { change: string; at: number }) => [change, at])).toEqual([
      ['published', START],
      ['signs', START + DAY],
      ['retires', START + DAY],
      ['leaves', START + DAY + 93_600],
    ])
  })
})

describe('toKeyView', () => {
  it('tells of the next key who has seen it', async () => {
    await services.asAdmin('POST', '/v1/keys/rotate')
    const at = unixSeconds(START)
    const seen = { user_agent: 'jose/6', address: '192.0.2.1', first_seen_at: at, last_seen_at: at }
    const views = services.state.ring.keys.map((key) => toKeyView(key, [seen]))
    expect(views.map(({ state, ...view }) => [state, 'seen_by' in view ? view.seen_by : undefined])).toEqual([
      ['active', undefined],
      ['next', [seen]],
    ])
  })
})

describe('toPlanView', () => {
  it('tells what a next key waits for besides its dates', async () => {
    const { next_kid: kid } = (await services.asAdmin('POST', '/v1/keys/rotate')).json()
    const holds = () => [{ kid, until: unixSeconds(START + 9 * DAY), because: 'of the copy' }]
    const facts = { policy: DEFAULT_ROTATION_POLICY, maxTtl: seconds(DAY), specification: 'ES256' } as const
    const plan = toPlanView(services.state.ring, { ...facts, holds }, unixSeconds(START))
    expect(plan.next_change).toEqual({ at: START + 9 * DAY, because: 'of the copy' })
    expect(plan.timeline[0]).toMatchObject({ change: 'signs', kid, at: START + 9 * DAY })
  })
})

describe('POST /v1/keys/rotate', () => {
  it('publishes the next key, tells until when it waits, and lets it sign then', async () => {
    const published = await services.asAdmin('POST', '/v1/keys/rotate')
    const { next_kid } = published.json()
    expect([published.statusCode, published.json()]).toEqual([
      200,
      { outcome: 'published', active_kid: firstKid, next_kid, promotable_at: START + DAY },
    ])
    expect(await states()).toEqual(['EdDSA active', 'ES256 next'])
    services.clock.advance(DAY - 1)
    expect((await services.asAdmin('POST', '/v1/keys/rotate', {})).json().outcome).toBe('waiting')
    services.clock.advance(1)
    const promoted = await services.asAdmin('POST', '/v1/keys/rotate', { expected_active_kid: firstKid })
    expect(promoted.json()).toEqual({ outcome: 'promoted', active_kid: next_kid })
    expect(await states()).toEqual(['ES256 active', 'EdDSA retired'])
    const retried = await services.asAdmin('POST', '/v1/keys/rotate', { expected_active_kid: firstKid })
    expect([retried.statusCode, retried.json().error]).toEqual([409, 'conflict'])
    expect(services.actions.map(({ request_id: _id, client_address: _from, ...action }) => action)).toEqual([
      { actor: 'ada', action: 'keys.rotate', outcome: 'done', active_kid: firstKid, next_kid },
      { actor: 'ada', action: 'keys.rotate', outcome: 'done', active_kid: firstKid, next_kid },
      { actor: 'ada', action: 'keys.rotate', outcome: 'done', active_kid: next_kid },
      { actor: 'ada', action: 'keys.rotate', outcome: 'refused', code: 'ERR_ACTIVE_KEY_CHANGED' },
    ])
  })

  it('with force lets a key sign at once and tells until when verifiers may lack it', async () => {
    const forced = await services.asAdmin('POST', '/v1/keys/rotate', { force: true })
    expect(forced.json()).toMatchObject({ outcome: 'promoted', verifiers_lack_until: START + 50_820 })
    expect(forced.json().active_kid).not.toBe(firstKid)
  })

  it.each([[{ force: 'true' }], [{ expected_active_kid: 1 }], [{ forced: true }]])(
    'refuses %j',
    async (body) => {
      expect((await services.asAdmin('POST', '/v1/keys/rotate', body)).statusCode).toBe(400)
    },
  )
})

describe('POST /v1/keys/{kid}/revoke', () => {
  it('takes the active key out, puts a new one in its place, and leaves it in the history', async () => {
    const revoked = await services.asAdmin('POST', `/v1/keys/${firstKid}/revoke`, { reason: 'leaked' })
    const { active_kid } = revoked.json()
    expect(revoked.json()).toEqual({
      kid: firstKid,
      revoked_at: START,
      cached_until: START + 50_820,
      active_kid,
      successor: 'created',
      verifiers_lack_until: START + 50_820,
    })
    expect(await states()).toEqual(['ES256 active'])
    const history = await services.asAdmin('GET', '/v1/keys/history', undefined, READ_TOKEN)
    expect(history.json()).toEqual({
      items: [
        {
          kid: firstKid,
          alg: 'EdDSA',
          state: 'revoked',
          signed_from: START,
          signed_until: START,
          ended_at: START,
          reason: 'revoked: leaked',
          jwk: { kty: 'OKP', kid: firstKid, use: 'sig', alg: 'EdDSA', crv: 'Ed25519', x: expect.any(String) },
        },
      ],
      next: null,
    })
    const again = await services.asAdmin('POST', `/v1/keys/${firstKid}/revoke`)
    expect(again.statusCode).toBe(409)
    expect(services.actions).toMatchObject([
      { action: 'keys.revoke', outcome: 'done', kid: firstKid, active_kid },
      { action: 'keys.revoke', outcome: 'refused', code: 'ERR_KEY_REVOKED', kid: firstKid },
    ])
  })

  it('answers 404 for a key that is not there, and does not log what was asked for', async () => {
    const answer = await services.asAdmin('POST', '/v1/keys/wia_some-token/revoke')
    expect([answer.statusCode, answer.json().error]).toEqual([404, 'not_found'])
    expect(services.actions[0]).not.toHaveProperty('kid')
  })

  it.each([
    [{ reason: '' }, 400],
    [{ reason: 'a\nb' }, 400],
    [{ reason: 'x'.repeat(201) }, 400],
    [{ reason: 'x'.repeat(200) }, 200],
  ])('judges the reason (%#)', async (body, status) => {
    const answer = await services.asAdmin('POST', `/v1/keys/${firstKid}/revoke`, body)
    expect(answer.statusCode).toBe(status)
  })
})

describe('DELETE /v1/keys/{kid}', () => {
  it('refuses while tokens of the key may be alive, unless forced, and keys that sign', async () => {
    await services.asAdmin('POST', '/v1/keys/rotate', { force: true })
    const early = await services.asAdmin('DELETE', `/v1/keys/${firstKid}`)
    expect([early.statusCode, early.json().error_description]).toEqual([
      409,
      expect.stringMatching(/tokens of key .* may be alive until/),
    ])
    expect((await services.asAdmin('DELETE', `/v1/keys/${firstKid}?force=yes`)).statusCode).toBe(400)
    expect((await services.asAdmin('DELETE', `/v1/keys/${firstKid}?force=false`)).statusCode).toBe(409)
    const forced = await services.asAdmin('DELETE', `/v1/keys/${firstKid}?force=true`)
    expect([forced.statusCode, forced.body]).toEqual([204, ''])
    expect((await services.asAdmin('DELETE', `/v1/keys/${firstKid}`)).statusCode).toBe(404)
    const [active] = (await services.asAdmin('GET', '/v1/keys')).json().items as readonly KeyView[]
    const signing = await services.asAdmin('DELETE', `/v1/keys/${active?.kid ?? ''}?force=true`)
    expect(signing.statusCode).toBe(409)
    expect(signing.json()).toMatchObject({
      error_description: expect.stringMatching(/signs, .*; rotate first, or revoke it if it leaked$/),
    })
  })
})

describe('changes of keys', () => {
  it.each([
    ['POST', '/v1/keys/rotate'],
    ['POST', '/v1/keys/x/revoke'],
    ['DELETE', '/v1/keys/x'],
  ] as const)('are not for admins that may only read: %s %s', async (method, url) => {
    const answer = await services.asAdmin(method, url, undefined, READ_TOKEN)
    expect([answer.statusCode, answer.json().error]).toEqual([403, 'access_denied'])
    expect(services.actions).toMatchObject([{ actor: 'rob', outcome: 'refused', code: 'access_denied' }])
    expect(services.state.ring.generation).toBe(1)
  })
})
