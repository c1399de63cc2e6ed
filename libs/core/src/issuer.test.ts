import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { after, ISSUER_URL, keys, ringOf, START, withCode } from '../test/fixtures.ts'
import { IssuerError, type IssuerErrorCode } from './errors.ts'
import { createIssuer, toSandboxWorkload, type IssuerOptions } from './issuer.ts'
import { parseIssuerUrl } from './issuer-url.ts'
import { applyStep } from './key-ring/transitions.ts'
import type { KeyRing } from './key-ring/key-ring.ts'
import { createFixedClock } from './testing/fixed-clock.ts'
import { seconds } from './time.ts'

const ring = ringOf(keys.rs256)
const options: IssuerOptions = {
  ring: () => ring,
  issuerUrl: ISSUER_URL,
  organizationId: 'acme',
  clusterId: 'eu-1',
  clock: () => START,
}
const issuer = createIssuer(options)
const uuid = expect.stringMatching(
  /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
) as string

describe('createIssuer', () => {
  it('says who it is', () => {
    expect([issuer.issuerUrl, issuer.hostname]).toEqual([ISSUER_URL, 'id.example.com'])
    expect(issuer.publicKey()).toEqual({
      ...keys.rs256.public,
      kid: keys.rs256.kid,
      use: 'sig',
      alg: 'RS256',
    })
    expect(issuer.jwks()).toEqual({ keys: [issuer.publicKey()] })
    expect(issuer.discoveryDocument().jwks_uri).toBe(`${ISSUER_URL}/.well-known/jwks.json`)
  })

  it('gives a host name without port', () => {
    const issuerUrl = 'https://id.example.com:8443/wid'
    const other = createIssuer({
      ...options,
      issuerUrl,
      ring: () => ({ ...ring, issuers: [{ url: issuerUrl }] }),
    })
    expect(other.hostname).toBe('id.example.com')
  })

  it('issues a token that jose verifies, and says when it expires', async () => {
    const token = await issuer.issueToken('web', 'sb-1', { audience: 'sts.amazonaws.com', ttl: 600 })
    const { payload } = await jwtVerify(token.value, createLocalJWKSet(issuer.jwks() as never), {
      ...{ issuer: ISSUER_URL, audience: 'sts.amazonaws.com', currentDate: new Date(START * 1000) },
    })
    expect(payload).toEqual({
      ...{ iss: ISSUER_URL, sub: 'org:acme:app:web:sandbox:sb-1', aud: 'sts.amazonaws.com' },
      ...{ iat: START, nbf: START - 60, exp: START + 600, jti: uuid },
      ...{
        organization_id: 'acme',
        cluster_id: 'eu-1',
        app: 'web',
        sandbox_id: 'sb-1',
        identity_type: 'sandbox',
      },
    })
    expect(token.expires_at).toBe(START + 600)
  })

  it('issues for an hour and for itself unless told otherwise', async () => {
    const { value, expires_at: expiresAt } = await issuer.issueToken('web', 'sb-1')
    expect([decodeJwt(value).aud, expiresAt]).toEqual([ISSUER_URL, START + 3600])
  })

  it('leaves out what is not set', async () => {
    const bare = createIssuer({ ring: () => ring, issuerUrl: ISSUER_URL, clock: () => START })
    const claims = decodeJwt((await bare.issueToken('', 'sb-1')).value)
    expect(Object.keys(claims)).toEqual([
      'iss',
      'sub',
      'aud',
      'iat',
      'nbf',
      'exp',
      'jti',
      'sandbox_id',
      'identity_type',
    ])
    expect(claims.sub).toBe('sandbox:sb-1')
  })

  it('gives every token another ID', async () => {
    const tokens = await Promise.all([1, 2, 3].map(() => issuer.issueToken('web', 'sb-1')))
    expect(new Set(tokens.map((token) => decodeJwt(token.value).jti)).size).toBe(3)
  })

  it('verifies what it issued, with the strict defaults', async () => {
    const { value } = await issuer.issueToken('web', 'sb-1', { audience: 'a' })
    await expect(issuer.verifyToken(value, { audience: 'a' })).resolves.toMatchObject({ sandbox_id: 'sb-1' })
    await expect(issuer.verifyToken(value, { audience: 'b' })).rejects.toEqual(withCode('ERR_TOKEN_INVALID'))
    await expect(issuer.verifyToken(value, {} as never)).rejects.toEqual(withCode('ERR_AUDIENCE_INVALID'))
    const several = await issuer.issueToken('web', 'sb-1', { audience: ['a', 'b'] })
    await expect(issuer.verifyToken(several.value, { audience: 'a' })).rejects.toEqual(
      withCode('ERR_TOKEN_INVALID'),
    )
    await expect(
      issuer.verifyToken(several.value, { audience: 'a', allowMultipleAudiences: true }),
    ).resolves.toBeDefined()
  })

  it('describes a workload as its tokens do', () => {
    expect(issuer.describe(toSandboxWorkload('web', 'sb-1', 'app'))).toEqual({
      ...{ iss: ISSUER_URL, sub: 'org:acme:app:web', organization_id: 'acme', cluster_id: 'eu-1' },
      ...{ app: 'web', sandbox_id: 'sb-1', identity_type: 'sandbox' },
    })
  })

  it('mints within the limits of the workload', async () => {
    const workload = toSandboxWorkload('web', 'sb-1')
    const limits = { allowed_audiences: ['a', 'b'], max_ttl: 120 }
    const { claims, token } = await issuer.mint(workload, { audience: ['b', 'a'], ttl: 3600 }, limits)
    expect([claims.aud, claims.exp, token.expires_at]).toEqual([['b', 'a'], START + 120, START + 120])
    expect(decodeJwt(token.value)).toEqual(claims)
    await expect(issuer.mint(workload, { audience: 'c' }, limits)).rejects.toEqual(
      withCode('ERR_AUDIENCE_NOT_ALLOWED'),
    )
    await expect(issuer.mint(workload, {}, limits)).rejects.toEqual(withCode('ERR_AUDIENCE_NOT_ALLOWED'))
  })

  it('uses the policy of the cluster', async () => {
    const strict = createIssuer({
      ...options,
      defaultAudience: 'a',
      allowedAudiences: ['a', 'b'],
      ttl: { defaultTtl: seconds(300), maxTtl: seconds(900) },
    })
    const { value, expires_at: expiresAt } = await strict.issueToken('web', 'sb-1')
    expect([decodeJwt(value).aud, expiresAt]).toEqual(['a', START + 300])
    expect((await strict.issueToken('web', 'sb-1', { ttl: 86_400 })).expires_at).toBe(START + 900)
    await expect(strict.issueToken('web', 'sb-1', { audience: 'c' })).rejects.toEqual(
      withCode('ERR_AUDIENCE_NOT_ALLOWED'),
    )
  })

  it('does not notice when its caller changes the list of allowed audiences later', async () => {
    const allowedAudiences = ['a']
    const strict = createIssuer({ ...options, allowedAudiences })
    allowedAudiences.push('b')
    await expect(strict.issueToken('web', 'sb-1', { audience: 'b' })).rejects.toEqual(
      withCode('ERR_AUDIENCE_NOT_ALLOWED'),
    )
  })

  it.each<[string, string, string, object, IssuerErrorCode]>([
    ['an app with a colon', 'a:sandbox:b', 'sb', {}, 'ERR_IDENTIFIER_INVALID'],
    ['a sandbox with a colon', 'a', 'b:c', {}, 'ERR_IDENTIFIER_INVALID'],
    ['no sandbox', 'a', '', {}, 'ERR_IDENTIFIER_INVALID'],
    ['an empty audience', 'a', 'b', { audience: '' }, 'ERR_AUDIENCE_INVALID'],
    ['no audience at all', 'a', 'b', { audience: [] }, 'ERR_AUDIENCE_INVALID'],
    ['a ttl of 0', 'a', 'b', { ttl: 0 }, 'ERR_TTL_INVALID'],
    ['a ttl that is a text', 'a', 'b', { ttl: '60' }, 'ERR_TTL_INVALID'],
  ])('refuses %s', async (_, app, sandboxId, tokenOptions, code) => {
    await expect(issuer.issueToken(app, sandboxId, tokenOptions)).rejects.toEqual(withCode(code))
  })

  it.each<[string, Partial<IssuerOptions>, IssuerErrorCode]>([
    [
      'an issuer URL that is not canonical',
      { issuerUrl: 'https://ID.example.com' },
      'ERR_ISSUER_URL_INVALID',
    ],
    [
      'an issuer URL that is not the ring’s',
      { issuerUrl: 'https://new.example.com' },
      'ERR_ISSUER_URL_CHANGED',
    ],
    ['an organization that is empty', { organizationId: '' }, 'ERR_IDENTIFIER_INVALID'],
    ['a cluster with a colon', { clusterId: 'a:b' }, 'ERR_IDENTIFIER_INVALID'],
    ['a default audience that is empty', { defaultAudience: '' }, 'ERR_AUDIENCE_INVALID'],
    ['an allowed audience that is none', { allowedAudiences: ['a', 'b c'] }, 'ERR_AUDIENCE_INVALID'],
    ['an empty list of allowed audiences', { allowedAudiences: [] }, 'ERR_POLICY_INVALID'],
    [
      'a default TTL above the maximum',
      { ttl: { defaultTtl: seconds(901), maxTtl: seconds(900) } },
      'ERR_POLICY_INVALID',
    ],
  ])('refuses to be made with %s', (_, changes, code) => {
    expect(() => createIssuer({ ...options, ...changes })).toThrow(withCode(code))
  })

  it('prints both issuer URLs when they differ', () => {
    expect(() => createIssuer({ ...options, issuerUrl: 'https://new.example.com' })).toThrow(
      /https:\/\/new\.example\.com.*https:\/\/id\.example\.com/,
    )
  })

  it('takes over a changed ring at once, for signing and for publishing', async () => {
    const clock = createFixedClock(START)
    let current: KeyRing = ring
    const following = createIssuer({ ...options, clock: clock.now, ring: () => current })
    const before = await following.issueToken('web', 'sb-1', { audience: 'a' })
    current = applyStep(current, { type: 'take-over', key: keys.eddsa, keepRetired: seconds(1000) }, START)
    const afterwards = await following.issueToken('web', 'sb-1', { audience: 'a' })
    expect(following.jwks().keys.map((key) => key.kid)).toEqual([keys.eddsa.kid, keys.rs256.kid])
    for (const token of [before, afterwards]) {
      await expect(following.verifyToken(token.value, { audience: 'a' })).resolves.toBeDefined()
    }
    clock.set(after(1000))
    expect(following.jwks().keys.map((key) => key.kid)).toEqual([keys.eddsa.kid])
    await expect(following.verifyToken(before.value, { audience: 'a' })).rejects.toEqual(
      withCode('ERR_TOKEN_KEY_UNKNOWN'),
    )
    await expect(
      following.verifyToken(before.value, { audience: 'a', at: after(999) }),
    ).resolves.toBeDefined()
  })

  it('accepts tokens of the URL it moved from while they may live, and serves discovery for it', async () => {
    const clock = createFixedClock(START)
    const { value } = await createIssuer({ ...options, clock: clock.now }).issueToken('web', 'sb-1', {
      ...{ audience: 'a', ttl: 86_400 },
    })
    const issuers = [{ url: 'https://new.example.com' }, { url: ISSUER_URL, until: after(1000) }]
    const moved = createIssuer({
      ...{ ...options, clock: clock.now, issuerUrl: 'https://new.example.com' },
      ring: () => ({ ...ring, issuers }),
    })
    expect(moved.discoveryDocument().issuer).toBe('https://new.example.com')
    expect(moved.discoveryDocument(parseIssuerUrl(ISSUER_URL))).toMatchObject({
      ...{ issuer: ISSUER_URL, jwks_uri: `${ISSUER_URL}/.well-known/jwks.json` },
    })
    clock.set(after(999))
    await expect(moved.verifyToken(value, { audience: 'a' })).resolves.toMatchObject({ iss: ISSUER_URL })
    clock.set(after(1000))
    await expect(moved.verifyToken(value, { audience: 'a' })).rejects.toEqual(withCode('ERR_TOKEN_INVALID'))
    await expect(moved.verifyToken(value, { audience: 'a', at: after(999) })).resolves.toBeDefined()
  })

  it('signs only with a ring that is fit for signing, and publishes and verifies all the same', async () => {
    let isStale = false
    const lagging = createIssuer({
      ...options,
      signingRing: () => {
        if (isStale) throw new IssuerError('ERR_KEY_RING_STALE', 'too old')
        return ring
      },
    })
    const { value } = await lagging.issueToken('web', 'sb-1', { audience: 'a' })
    isStale = true
    await expect(lagging.issueToken('web', 'sb-1')).rejects.toEqual(withCode('ERR_KEY_RING_STALE'))
    expect(lagging.jwks().keys).toHaveLength(1)
    await expect(lagging.verifyToken(value, { audience: 'a' })).resolves.toBeDefined()
  })

  it('lets another signer sign', async () => {
    const signed: unknown[] = []
    const signer = { sign: async (claims: unknown) => `signed-${signed.push(claims)}` }
    const token = await createIssuer({ ...options, signer }).issueToken('web', 'sb-1')
    expect([token.value, signed.length]).toEqual(['signed-1', 1])
  })

  it('reads its clock once per token', async () => {
    let reads = 0
    const counting = createIssuer({ ...options, clock: () => ((reads += 1), START) })
    await counting.issueToken('web', 'sb-1')
    expect(reads).toBe(1)
  })
})

describe('toSandboxWorkload', () => {
  it('has no app when the text is empty', () => {
    expect(toSandboxWorkload('', 'sb-1')).toEqual({ type: 'sandbox', sandboxId: 'sb-1', subject: 'sandbox' })
  })
  it('refuses what is no identifier', () => {
    expect(() => toSandboxWorkload('a b', 'sb-1')).toThrow(withCode('ERR_IDENTIFIER_INVALID'))
    expect(() => toSandboxWorkload('a', 'sb 1')).toThrow(withCode('ERR_IDENTIFIER_INVALID'))
  })
})
