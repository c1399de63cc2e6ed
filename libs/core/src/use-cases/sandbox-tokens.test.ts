import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { ISSUER_URL, keys, ringOf, START, UUIDS, withCode } from '../../test/fixtures.ts'
import { createIssuer } from '../issuer.ts'
import { hashSecret } from '../secret.ts'
import {
  createMemoryRegistryStorage,
  createMemoryRunnerRegistry,
  createMemorySandboxRegistry,
} from '../testing/memory-registry.ts'
import { createAuthenticateSandbox } from './authenticate-sandbox.ts'
import { createRegisterSandbox } from './register-sandbox.ts'
import { createSandboxTokens, type SandboxTokensDependencies } from './sandbox-tokens.ts'
import { createVouchToken } from './vouch-token.ts'

const clock = () => START
const ring = ringOf(keys.rs256)
const issuer = createIssuer({ ring: () => ring, issuerUrl: ISSUER_URL, organizationId: 'acme', clock })

function createCluster(onIssued?: SandboxTokensDependencies['onIssued']) {
  const storage = createMemoryRegistryStorage()
  storage.registryId = UUIDS.registry
  const sandboxes = createMemorySandboxRegistry({ storage, registryId: () => UUIDS.registry })
  const runners = createMemoryRunnerRegistry({ storage, registryId: () => UUIDS.registry })
  const authenticateSandbox = createAuthenticateSandbox({ sandboxes, clock })
  return {
    ...{ storage, sandboxes },
    register: createRegisterSandbox({ sandboxes, runners, clock }),
    tokens: createSandboxTokens({ authenticateSandbox, issuer, ...(onIssued && { onIssued }) }),
    vouch: createVouchToken({ issuer, sandboxes, clock }),
  }
}

describe('createSandboxTokens', () => {
  it('issues a token for the sandbox that the registry knows by the secret', async () => {
    const { register, tokens } = createCluster()
    const { secret } = await register({ sandbox_id: 'sb-1', app: 'web' })
    const token = await tokens.issue(await hashSecret(secret!), { audience: 'a', ttl: 60 })
    expect(token.expires_at).toBe(START + 60)
    expect(decodeJwt(token.value)).toMatchObject({
      sub: 'org:acme:app:web:sandbox:sb-1',
      aud: 'a',
      sandbox_id: 'sb-1',
    })
  })

  it('applies the policy of the sandbox', async () => {
    const { register, tokens } = createCluster()
    const policy = { allowed_audiences: ['a'], max_ttl: 120, subject: 'app' } as const
    const { secret } = await register({ sandbox_id: 'sb-1', app: 'web', ...policy })
    const sha256 = await hashSecret(secret!)
    const token = await tokens.issue(sha256, { audience: 'a', ttl: 3600 })
    expect(decodeJwt(token.value)).toMatchObject({
      sub: 'org:acme:app:web',
      sandbox_id: 'sb-1',
      exp: START + 120,
    })
    await expect(tokens.issue(sha256, { audience: 'b' })).rejects.toEqual(
      withCode('ERR_AUDIENCE_NOT_ALLOWED'),
    )
    await expect(tokens.issue(sha256, {})).rejects.toEqual(withCode('ERR_AUDIENCE_NOT_ALLOWED'))
  })

  it('tells of each token before it is handed out, with the facts of its request', async () => {
    const told: unknown[] = []
    const { register, tokens } = createCluster((minted, record, facts) =>
      told.push({ minted, record, facts }),
    )
    const { record, secret } = await register({ sandbox_id: 'sb-1', app: 'web' })
    const facts = { request_id: 'r-1', client_address: '192.0.2.1' }
    const token = await tokens.issue(await hashSecret(secret!), {}, facts)
    await tokens.describe(await hashSecret(secret!))
    const { jti } = decodeJwt(token.value)
    expect(told).toEqual([{ minted: { token, claims: expect.objectContaining({ jti }) }, record, facts }])
  })

  it('describes the identity without signing', async () => {
    const { register, tokens } = createCluster()
    const { secret } = await register({ sandbox_id: 'sb-1', app: 'web' })
    await expect(tokens.describe(await hashSecret(secret!))).resolves.toEqual({
      ...{ iss: ISSUER_URL, sub: 'org:acme:app:web:sandbox:sb-1', organization_id: 'acme' },
      ...{ app: 'web', sandbox_id: 'sb-1', identity_type: 'sandbox' },
    })
  })

  it('refuses an unknown secret before it looks at what is asked', async () => {
    const { tokens } = createCluster()
    const sha256 = await hashSecret('wis_unknown')
    await expect(tokens.issue(sha256, { ttl: 0 })).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
    await expect(tokens.describe(sha256)).rejects.toEqual(withCode('ERR_CREDENTIAL_UNKNOWN'))
  })

  it('says "cannot tell" while the registry cannot be asked', async () => {
    const { tokens, storage } = createCluster()
    storage.unavailable = true
    await expect(tokens.issue('x', {})).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
  })

  it('tells every token before it hands it out', async () => {
    const told: [string, string][] = []
    const { register, tokens } = createCluster(({ claims }, record) =>
      told.push([claims.jti, record.sandbox_id]),
    )
    const { secret } = await register({ sandbox_id: 'sb-1', app: 'web' })
    const token = await tokens.issue(await hashSecret(secret!), {})
    expect(told).toEqual([[decodeJwt(token.value).jti, 'sb-1']])
  })

  it('hands no token out that could not be told', async () => {
    const { register, tokens } = createCluster(() => {
      throw new Error('the audit log is full')
    })
    const { secret } = await register({ sandbox_id: 'sb-1', app: 'web' })
    await expect(tokens.issue(await hashSecret(secret!), {})).rejects.toThrow('the audit log is full')
  })
})

describe('createVouchToken', () => {
  it('issues for a sandbox that is not registered', async () => {
    const { claims } = await createCluster().vouch({ app: 'web', sandbox_id: 'sb-9', audience: 'a', ttl: 60 })
    expect(claims).toMatchObject({ sub: 'org:acme:app:web:sandbox:sb-9', aud: 'a', exp: START + 60 })
  })

  it('applies the policy of a sandbox that is registered', async () => {
    const { register, vouch } = createCluster()
    await register({ sandbox_id: 'sb-1', app: 'web', allowed_audiences: ['a'], max_ttl: 60, subject: 'app' })
    const { claims } = await vouch({ app: 'web', sandbox_id: 'sb-1', audience: 'a', ttl: 3600 })
    expect(claims).toMatchObject({ sub: 'org:acme:app:web', exp: START + 60 })
    await expect(vouch({ app: 'web', sandbox_id: 'sb-1', audience: 'b' })).rejects.toEqual(
      withCode('ERR_AUDIENCE_NOT_ALLOWED'),
    )
  })

  it('refuses another app than the registered one with ERR_APP_MISMATCH', async () => {
    const { register, vouch } = createCluster()
    await register({ sandbox_id: 'sb-1', app: 'web' })
    await expect(vouch({ app: 'Web', sandbox_id: 'sb-1' })).rejects.toEqual(withCode('ERR_APP_MISMATCH'))
  })

  it('takes an ended sandbox for one that is not registered', async () => {
    const { register, vouch, sandboxes } = createCluster()
    await register({ sandbox_id: 'sb-1', app: 'web' })
    await sandboxes.end('sb-1', START)
    await expect(vouch({ app: 'api', sandbox_id: 'sb-1' })).resolves.toMatchObject({ claims: { app: 'api' } })
  })

  it.each([
    ['app', { app: '', sandbox_id: 'sb-1' }],
    ['app', { app: 'a:b', sandbox_id: 'sb-1' }],
    ['sandbox_id', { app: 'web', sandbox_id: '' }],
    ['sandbox_id', { app: 'web', sandbox_id: 'a b' }],
  ])('refuses the %s of %j', async (name, request) => {
    await expect(createCluster().vouch(request)).rejects.toMatchObject({
      code: 'ERR_IDENTIFIER_INVALID',
      details: { name },
    })
  })

  it('vouches for nobody while it cannot be told who is registered', async () => {
    const { vouch, storage } = createCluster()
    storage.unavailable = true
    await expect(vouch({ app: 'web', sandbox_id: 'sb-1' })).rejects.toEqual(withCode('ERR_STORE_UNAVAILABLE'))
    storage.unavailable = false
    storage.registryId = UUIDS.ring
    await expect(vouch({ app: 'web', sandbox_id: 'sb-1' })).rejects.toEqual(withCode('ERR_REGISTRY_LOST'))
  })
})
