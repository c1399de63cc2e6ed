import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { after, errorOf, ISSUER_URL, keys, ringOf, START, withCode } from '../../test/fixtures.ts'
import { createRegistries, runnerOf, sandboxOf } from '../../test/registries.ts'
import { createIssuer } from '../issuer.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import { seconds } from '../time.ts'
import { cacheSandboxes } from './cache-sandboxes.ts'
import { createRunnerTokens, type RunnerTokensDependencies } from './runner-tokens.ts'

const ring = ringOf(keys.rs256)
const issuer = createIssuer({
  ring: () => ring,
  issuerUrl: ISSUER_URL,
  organizationId: 'acme',
  clock: () => START,
})
const [r1, r2] = [runnerOf('r-1'), runnerOf('r-2')]
const policy = { trustedFor: seconds(2), storeLag: seconds(300), maxBytes: 1_000_000 }

async function createCluster(
  changes: Partial<SandboxRecord> = {},
  onIssued?: RunnerTokensDependencies['onIssued'],
) {
  const registries = createRegistries()
  const { sandboxes, findLiveById } = cacheSandboxes({ ...policy, sandboxes: registries.sandboxes })
  await sandboxes.register(sandboxOf('sb-1', changes), START)
  const tokens = createRunnerTokens({
    ...{ findSandbox: findLiveById, issuer, clock: registries.clock.now },
    ...(onIssued && { onIssued }),
  })
  return { ...registries, sandboxes, elsewhere: registries.sandboxes, tokens }
}

describe('createRunnerTokens', () => {
  it('issues a token whose claims are those of the registry, whatever else a runner sends', async () => {
    const { tokens } = await createCluster()
    const forged = { app: 'admin', subject: 'app', sub: 'x', claims: {}, organization_id: 'evil' }
    const request = { sandbox_id: 'sb-1', audience: 'a', ttl: 60, ...forged }
    const token = await tokens.issue(r1, request)
    expect(token.expires_at).toBe(START + 60)
    expect(decodeJwt(token.value)).toMatchObject({
      ...{ sub: 'org:acme:app:web:sandbox:sb-1', aud: 'a', exp: START + 60 },
      ...{ organization_id: 'acme', app: 'web', sandbox_id: 'sb-1', identity_type: 'sandbox' },
    })
  })

  it('applies the policy of the sandbox', async () => {
    const { tokens } = await createCluster({ allowed_audiences: ['a'], max_ttl: 120, subject: 'app' })
    const token = await tokens.issue(r1, { sandbox_id: 'sb-1', audience: 'a', ttl: 3600 })
    expect(decodeJwt(token.value)).toMatchObject({ sub: 'org:acme:app:web', exp: START + 120 })
    await expect(tokens.issue(r1, { sandbox_id: 'sb-1', audience: 'b' })).rejects.toEqual(
      withCode('ERR_AUDIENCE_NOT_ALLOWED'),
    )
  })

  it('describes without signing', async () => {
    const { tokens } = await createCluster()
    await expect(tokens.describe(r1, 'sb-1')).resolves.toEqual({
      ...{ iss: ISSUER_URL, sub: 'org:acme:app:web:sandbox:sb-1', organization_id: 'acme' },
      ...{ app: 'web', sandbox_id: 'sb-1', identity_type: 'sandbox' },
    })
  })

  it('refuses with one sentence what is not live, is another’s, or is nobody’s', async () => {
    const { tokens, sandboxes } = await createCluster()
    await sandboxes.register(sandboxOf('of-r-2', { runner_id: 'r-2' }), START)
    const { runner_id: _none, ...unassigned } = sandboxOf('of-nobody')
    await sandboxes.register(unassigned, START)
    await sandboxes.register(sandboxOf('ended'), START)
    await sandboxes.end('ended', START)
    const refusals = ['of-r-2', 'of-nobody', 'ended', 'never'].flatMap((sandbox_id) => [
      errorOf(() => tokens.issue(r1, { sandbox_id })),
      errorOf(() => tokens.describe(r1, sandbox_id)),
    ])
    for (const error of await Promise.all(refusals)) {
      expect(error).toEqual(withCode('ERR_SANDBOX_NOT_ASSIGNED'))
      expect((error as Error).message).toBe('no live sandbox with that ID is assigned to this runner')
    }
  })

  it('refuses an ID that is none', async () => {
    const { tokens } = await createCluster()
    await expect(tokens.issue(r1, { sandbox_id: 'a b' })).rejects.toEqual(withCode('ERR_IDENTIFIER_INVALID'))
  })

  it('stops at once on this replica when the sandbox ends, also while the store is gone', async () => {
    const { tokens, sandboxes, storage } = await createCluster()
    await tokens.issue(r1, { sandbox_id: 'sb-1' })
    await sandboxes.end('sb-1', START)
    await expect(tokens.issue(r1, { sandbox_id: 'sb-1' })).rejects.toEqual(
      withCode('ERR_SANDBOX_NOT_ASSIGNED'),
    )
    storage.unavailable = true
    await expect(tokens.issue(r1, { sandbox_id: 'sb-1' })).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('gives tokens to the runner that a sandbox was moved to, and none to the former one', async () => {
    const { tokens, sandboxes } = await createCluster()
    await tokens.issue(r1, { sandbox_id: 'sb-1' })
    await sandboxes.replace(sandboxOf('sb-1', { runner_id: 'r-2', revision: 2 }), START)
    await expect(tokens.issue(r1, { sandbox_id: 'sb-1' })).rejects.toEqual(
      withCode('ERR_SANDBOX_NOT_ASSIGNED'),
    )
    await expect(tokens.issue(r2, { sandbox_id: 'sb-1' })).resolves.toBeDefined()
  })

  it.each([
    [1, true],
    [2, false],
  ])('notices a move on another replica within 2 s (after %i s: still minted %s)', async (later, works) => {
    const { tokens, elsewhere, clock } = await createCluster()
    await tokens.issue(r1, { sandbox_id: 'sb-1' })
    await elsewhere.replace(sandboxOf('sb-1', { runner_id: 'r-2', revision: 2 }), START)
    clock.set(after(later))
    const issuing = tokens.issue(r1, { sandbox_id: 'sb-1' })
    if (works) await expect(issuing).resolves.toBeDefined()
    else await expect(issuing).rejects.toEqual(withCode('ERR_SANDBOX_NOT_ASSIGNED'))
  })

  it('gives tokens at once to the runner that a sandbox was moved to on another replica', async () => {
    const { tokens, elsewhere } = await createCluster()
    await tokens.issue(r1, { sandbox_id: 'sb-1' })
    await elsewhere.replace(sandboxOf('sb-1', { runner_id: 'r-2', revision: 2 }), START)
    await expect(tokens.issue(r2, { sandbox_id: 'sb-1' })).resolves.toBeDefined()
  })

  it('says "cannot tell" of a sandbox that was another’s when it was read and the store is gone', async () => {
    const { tokens, storage } = await createCluster()
    await tokens.issue(r1, { sandbox_id: 'sb-1' })
    storage.unavailable = true
    await expect(tokens.issue(r2, { sandbox_id: 'sb-1' })).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    await expect(tokens.issue(r1, { sandbox_id: 'sb-1' })).resolves.toBeDefined()
  })

  it('says "cannot tell" of a sandbox that it has not read when the store is gone', async () => {
    const { tokens, storage } = await createCluster()
    storage.unavailable = true
    await expect(tokens.issue(r1, { sandbox_id: 'sb-1' })).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('tells of each token before it is handed out; what that throws refuses the token', async () => {
    const told: unknown[] = []
    const { tokens } = await createCluster({}, (minted, record, facts) => {
      told.push([minted.claims.sandbox_id, record.runner_id, facts])
      if (told.length === 2) throw new Error('the audit log is full')
    })
    const facts = { request_id: 'q-1', client_address: '192.0.2.1' }
    await tokens.issue(r1, { sandbox_id: 'sb-1' }, facts)
    await tokens.describe(r1, 'sb-1')
    expect(told).toEqual([['sb-1', 'r-1', facts]])
    await expect(tokens.issue(r1, { sandbox_id: 'sb-1' })).rejects.toThrow('the audit log is full')
  })
})
