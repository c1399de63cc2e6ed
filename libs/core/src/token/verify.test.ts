import { exportSPKI, generateSecret, importJWK, SignJWT, type JWTHeaderParameters } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  after,
  errorOf,
  ISSUER_URL,
  keys,
  nextEntry,
  retiredEntry,
  ringOf,
  START,
  wholeTextOf,
  withCode,
} from '../../test/fixtures.ts'
import tokens from '../../test/vectors/tokens.json' with { type: 'json' }
import { encodeBase64Url } from '../base64url.ts'
import type { IssuerErrorCode } from '../errors.ts'
import type { SigningKeyMaterial } from '../key-ring/key-material.ts'
import { activeKey, type KeyRing } from '../key-ring/key-ring.ts'
import { applyStep } from '../key-ring/transitions.ts'
import { seconds, unixSeconds, type UnixSeconds } from '../time.ts'
import { verifyIdToken, type VerificationContext } from './verify.ts'

const claims: Record<string, unknown> = tokens.claims
const { iat, nbf, exp } = tokens.claims
const ring: KeyRing = {
  ...ringOf(keys.rs256),
  keys: [
    activeKey(ringOf(keys.rs256)),
    nextEntry(keys.ps256),
    retiredEntry(keys.eddsa, { remove_at: after(1000) }),
    retiredEntry(keys.es256),
  ],
}
const context: VerificationContext = {
  ring,
  issuerUrl: ISSUER_URL,
  audience: 'sts.amazonaws.com',
  now: after(0),
}
const { app: _app, sandbox_id: _sandboxId, ...shared } = tokens.claims
const systemClaims = {
  ...{ ...shared, sub: 'org:acme:cluster:eu-1:system:backup' },
  ...{ identity_type: 'system', system_workload: 'backup' },
}

/** A token as somebody who holds the key could make it, whatever it says. */
async function forge(
  payload: object = claims,
  header: Partial<JWTHeaderParameters> = {},
  key: SigningKeyMaterial = keys.rs256,
): Promise<string> {
  // Serialized, a member that is undefined is gone.
  const parameters = JSON.parse(
    JSON.stringify({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header }),
  ) as JWTHeaderParameters
  const privateKey = await importJWK({ ...key.private }, parameters.alg)
  return new SignJWT({ ...payload }).setProtectedHeader(parameters).sign(privateKey)
}

const encode = (value: unknown) =>
  encodeBase64Url(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)))
const omit = (name: string) => Object.fromEntries(Object.entries(claims).filter(([key]) => key !== name))
const verify = (token: string, changes: Partial<VerificationContext> = {}) =>
  verifyIdToken(token, { ...context, ...changes })

async function expectRefused(
  token: string,
  code: IssuerErrorCode,
  changes: Partial<VerificationContext> = {},
) {
  const error = await errorOf(() => verify(token, changes))
  expect(error).toEqual(withCode(code))
  const shown = wholeTextOf(error)
  for (const part of token.split('.')) if (part.length > 12) expect(shown).not.toContain(part.slice(0, 24))
  for (const value of ['sb-1', String(claims['jti'])]) expect(shown).not.toContain(value)
}

describe('verifyIdToken', () => {
  it.each([
    ['RS256', tokens.RS256],
    ['EdDSA', tokens.EdDSA],
  ])('accepts a token that openssl signed by %s', async (_, token) => {
    await expect(verify(token)).resolves.toEqual(claims)
  })

  it.each([
    ['active', keys.rs256],
    ['next', keys.ps256],
    ['retired, to be removed', keys.eddsa],
    ['retired, to be kept', keys.es256],
  ])('accepts a token of a key that is %s', async (_, key) => {
    await expect(verify(await forge(claims, {}, key))).resolves.toEqual(claims)
  })

  it.each([
    ['just before it expires', exp - 1],
    ['when it becomes valid', nbf],
  ])('accepts it %s', async (_, now) => {
    await expect(verify(tokens.RS256, { now: unixSeconds(now) })).resolves.toBeDefined()
  })

  it.each([
    ['ERR_TOKEN_EXPIRED', exp],
    ['ERR_TOKEN_EXPIRED', exp + 1],
    ['ERR_TOKEN_NOT_YET_VALID', nbf - 1],
  ] as const)('refuses it with %s at %i', async (code, now) => {
    await expectRefused(tokens.RS256, code, { now: unixSeconds(now) })
  })

  it('refuses a key from the moment on at which it is removed', async () => {
    const token = await forge({ ...claims, exp: iat + 9000 }, {}, keys.eddsa)
    await expect(verify(token, { now: after(999) })).resolves.toBeDefined()
    await expectRefused(token, 'ERR_TOKEN_KEY_UNKNOWN', { now: after(1000) })
  })

  it('refuses a key the moment it is revoked', async () => {
    const revoked = applyStep(ring, { type: 'revoke', kid: keys.eddsa.kid }, after(0))
    await expectRefused(tokens.EdDSA, 'ERR_TOKEN_KEY_UNKNOWN', { ring: revoked })
  })

  it.each([
    ['an unknown key', { kid: keys.rs256Long.kid }, keys.rs256Long, 'ERR_TOKEN_KEY_UNKNOWN'],
    ['an unknown kid', { kid: 'x' }, keys.rs256, 'ERR_TOKEN_KEY_UNKNOWN'],
    ['a kid that is a path', { kid: '../../dev/null' }, keys.rs256, 'ERR_TOKEN_KEY_UNKNOWN'],
    ['a kid of the prototype', { kid: '__proto__' }, keys.rs256, 'ERR_TOKEN_KEY_UNKNOWN'],
    ['no kid', { kid: undefined }, keys.rs256, 'ERR_TOKEN_INVALID'],
    ['the kid of another key', { kid: keys.rs256.kid }, keys.rs256Other, 'ERR_TOKEN_INVALID'],
    ['PS256 with an RS256 key', { alg: 'PS256' }, keys.rs256, 'ERR_TOKEN_INVALID'],
    ['RS512 with an RS256 key', { alg: 'RS512' }, keys.rs256, 'ERR_TOKEN_INVALID'],
    ['RS256 with a PS256 key', { alg: 'RS256' }, keys.ps256, 'ERR_TOKEN_INVALID'],
    ['Ed25519 with an EdDSA key', { alg: 'Ed25519' }, keys.eddsa, 'ERR_TOKEN_INVALID'],
    ['no typ', { typ: undefined }, keys.rs256, 'ERR_TOKEN_INVALID'],
    ['the typ of an access token', { typ: 'at+jwt' }, keys.rs256, 'ERR_TOKEN_INVALID'],
    ['the typ of a logout token', { typ: 'logout+jwt' }, keys.rs256, 'ERR_TOKEN_INVALID'],
  ] as const)('refuses a token with %s', async (_, header, key, code) => {
    await expectRefused(await forge(claims, header as Partial<JWTHeaderParameters>, key), code)
  })

  it.each(['none', 'None', 'NONE', ''])('refuses the algorithm %j', async (alg) => {
    const input = `${encode({ alg, kid: keys.rs256.kid, typ: 'JWT' })}.${encode(claims)}`
    await expectRefused(`${input}.`, 'ERR_TOKEN_INVALID')
    await expectRefused(`${input}.${tokens.RS256.split('.')[2] ?? ''}`, 'ERR_TOKEN_INVALID')
  })

  it('refuses HS256 signed with the public key in every form', async () => {
    const publicKey = (await importJWK({ ...keys.rs256.public }, 'RS256', { extractable: true })) as CryptoKey
    const spki = await exportSPKI(publicKey)
    for (const text of [spki, spki.trim(), JSON.stringify(keys.rs256.public), keys.rs256.public['n'] ?? '']) {
      const header = { alg: 'HS256', kid: keys.rs256.kid, typ: 'JWT' }
      const token = await new SignJWT(claims).setProtectedHeader(header).sign(new TextEncoder().encode(text))
      await expectRefused(token, 'ERR_TOKEN_INVALID')
    }
  })

  it.each(['jwk', 'jku', 'x5u', 'x5c'])('does not take the key from the header %s', async (name) => {
    const values = {
      jwk: keys.rs256Other.public,
      jku: 'https://evil.example/jwks',
      x5u: 'https://evil.example',
      x5c: ['x'],
    }
    const header = { kid: keys.rs256.kid, [name]: values[name as keyof typeof values] }
    await expectRefused(await forge(claims, header, keys.rs256Other), 'ERR_TOKEN_INVALID')
    await expect(verify(await forge(claims, header))).resolves.toBeDefined()
  })

  it.each([
    [{ crit: ['exp'] }],
    [{ crit: ['x'], x: 1 }],
    [{ crit: [] }],
    [{ crit: 'b64' }],
    [{ crit: ['b64'], b64: false }],
    [{ crit: ['b64'], b64: true, x: 1, alg: 'none' }],
  ])('refuses the header %j', async (header) => {
    const input = `${encode({ alg: 'RS256', kid: keys.rs256.kid, typ: 'JWT', ...header })}.${encode(claims)}`
    const parameters = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    const key = await crypto.subtle.importKey('jwk', { ...keys.rs256.private }, parameters, false, ['sign'])
    const signature = await crypto.subtle.sign(parameters, key, new TextEncoder().encode(input))
    await expectRefused(`${input}.${encodeBase64Url(new Uint8Array(signature))}`, 'ERR_TOKEN_INVALID')
  })

  it.each(['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'identity_type'])(
    'requires the claim %s',
    async (name) => {
      await expectRefused(await forge(omit(name)), 'ERR_TOKEN_INVALID')
      await expectRefused(await forge({ ...claims, [name]: null }), 'ERR_TOKEN_INVALID')
    },
  )

  it.each<[string, unknown]>([
    ['iss', 'https://evil.example'],
    ['iss', 'https://id.example.com/'],
    ['iss', ['https://id.example.com']],
    ['aud', 'sts.amazonaws.com/'],
    ['aud', 'STS.amazonaws.com'],
    ['aud', ''],
    ['aud', []],
    ['aud', ['other']],
    ['aud', ['sts.amazonaws.com', 'other']],
    ['aud', ['sts.amazonaws.com', 'sts.amazonaws.com']],
    ['aud', { 0: 'sts.amazonaws.com' }],
    ['exp', '1767229200'],
    ['iat', '1767225600'],
    ['nbf', '1767225540'],
    ['jti', ''],
    ['jti', 7],
    ['sub', ''],
    ['sub', 7],
    ['sub', 'sb-1'],
    ['sub', 'org:acme:app:web:sandbox:sb-1:x'],
    ['sub', 'repo:o/r:ref:refs/heads/main'],
    ['identity_type', 'Sandbox'],
    ['identity_type', ''],
    ['identity_type', ['sandbox']],
  ])('refuses the claim %s %j', async (name, value) => {
    await expectRefused(await forge({ ...claims, [name]: value }), 'ERR_TOKEN_INVALID')
  })

  it('accepts one audience as a list, and several only when told to', async () => {
    await expect(verify(await forge({ ...claims, aud: ['sts.amazonaws.com'] }))).resolves.toBeDefined()
    const several = await forge({ ...claims, aud: ['other', 'sts.amazonaws.com'] })
    await expectRefused(several, 'ERR_TOKEN_INVALID', { allowMultipleAudiences: false })
    await expect(verify(several, { allowMultipleAudiences: true })).resolves.toBeDefined()
    await expectRefused(several, 'ERR_TOKEN_INVALID', { allowMultipleAudiences: true, audience: 'third' })
  })

  it.each([undefined, null, '', 'a b', ['sts.amazonaws.com'], 7])(
    'refuses to verify for the audience %j, which would check nothing or something else',
    async (audience) => {
      await expect(verify(tokens.RS256, { audience: audience as string })).rejects.toEqual(
        withCode('ERR_AUDIENCE_INVALID'),
      )
    },
  )

  it.each([undefined, '', 'id.example.com'])('refuses to verify for the issuer %j', async (issuerUrl) => {
    await expect(verify(tokens.RS256, { issuerUrl: issuerUrl as string })).rejects.toEqual(
      withCode('ERR_ISSUER_URL_INVALID'),
    )
  })

  it('takes a token for that of a sandbox unless told otherwise', async () => {
    const systemToken = await forge(systemClaims)
    await expectRefused(systemToken, 'ERR_TOKEN_INVALID')
    await expectRefused(systemToken, 'ERR_TOKEN_INVALID', { identityType: 'sandbox' })
    await expect(verify(systemToken, { identityType: 'system' })).resolves.toEqual(systemClaims)
    await expectRefused(tokens.RS256, 'ERR_TOKEN_INVALID', { identityType: 'system' })
  })

  it('accepts the subject of an app', async () => {
    await expect(verify(await forge({ ...claims, sub: 'org:acme:app:web' }))).resolves.toBeDefined()
  })

  const [header = '', payload = '', signature = ''] = tokens.RS256.split('.')
  it.each([
    ['nothing', ''],
    ['a word', 'token'],
    ['dots', '..'],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${tokens.RS256}.x`],
    ['five parts', `${tokens.RS256}.x.y`],
    ['no signature', `${header}.${payload}.`],
    ['no payload', `${header}..${signature}`],
    ['half a signature', `${header}.${payload}.${signature.slice(0, 100)}`],
    ['another payload', `${header}.${encode({ ...claims, sub: 'sandbox:evil' })}.${signature}`],
    [
      'another header',
      `${encode({ alg: 'RS256', kid: keys.rs256.kid, typ: 'JWT', a: 1 })}.${payload}.${signature}`,
    ],
    ['a header that is no JSON', `${encode('{')}.${payload}.${signature}`],
    ['a header that is a list', `${encode([])}.${payload}.${signature}`],
    ['a header that is null', `${encode('null')}.${payload}.${signature}`],
    ['a header without anything', `${encode({})}.${payload}.${signature}`],
    ['a space before', ` ${tokens.RS256}`],
    ['a line break after', `${tokens.RS256}\n`],
    ['a space inside', `${header}.${payload}. ${signature}`],
    ['padding', `${tokens.RS256}==`],
    ['bytes that are no text', `${header}.ÿ.${signature}`],
    [
      'a kid that is a list',
      `${encode({ alg: 'RS256', kid: [keys.rs256.kid], typ: 'JWT' })}.${payload}.${signature}`,
    ],
  ])('refuses %s', async (_, token) => {
    const error = await errorOf(() => verify(token))
    expect(['ERR_TOKEN_INVALID', 'ERR_TOKEN_KEY_UNKNOWN']).toContain(error.code)
    if (token.length > 24) expect(wholeTextOf(error)).not.toContain(token.slice(0, 24))
  })

  it.each<unknown>([undefined, null, 7, {}, [tokens.RS256]])(
    'refuses %j, which is not a text',
    async (token) => {
      await expect(verify(token as string)).rejects.toEqual(withCode('ERR_TOKEN_INVALID'))
    },
  )

  it('looks at tokens of up to 32768 characters', async () => {
    const padded = async (length: number) => {
      const bare = (await forge({ ...claims, pad: '' })).length
      let pad = Math.floor(((length - bare) * 3) / 4)
      let token = await forge({ ...claims, pad: 'x'.repeat(pad) })
      while (token.length < length) token = await forge({ ...claims, pad: 'x'.repeat((pad += 1)) })
      return token
    }
    const longest = await padded(32_768)
    expect(longest).toHaveLength(32_768)
    await expect(verify(longest)).resolves.toBeDefined()
    await expect(verify(`${longest}x`)).rejects.toThrow('it is too long')
    await expect(verify('x'.repeat(1_000_000))).rejects.toEqual(withCode('ERR_TOKEN_INVALID'))
  })

  describe('as of a moment in the past', () => {
    const [DAY, YEAR] = [86_400, 31_536_000]
    const removedAt = after(2 * DAY)
    const rotated = applyStep(
      ringOf(keys.rs256),
      { type: 'take-over', key: keys.es256, keepRetired: seconds(DAY) },
      after(1000),
    )
    const removed = applyStep(rotated, { type: 'remove', kid: keys.rs256.kid }, removedAt)
    const revoked = applyStep(rotated, { type: 'revoke', kid: keys.rs256.kid }, after(1500))
    const made = (moment: number) =>
      forge({ ...claims, iat: after(moment), nbf: after(moment - 60), exp: after(moment + 3600) })
    const past = (moment: number, ring: KeyRing = removed) => ({ ring, now: after(YEAR), at: after(moment) })

    it('accepts a token whose key is gone, as long as it was valid then', async () => {
      const token = await made(0)
      await expectRefused(token, 'ERR_TOKEN_KEY_UNKNOWN', { ring: removed, now: after(3 * DAY) })
      for (const moment of [0, 3599]) await expect(verify(token, past(moment))).resolves.toBeDefined()
      await expectRefused(token, 'ERR_TOKEN_EXPIRED', past(3600))
      await expectRefused(token, 'ERR_TOKEN_NOT_YET_VALID', past(-61))
    })

    it('accepts a key that is still in the ring', async () => {
      await expect(verify(await made(500), past(600, rotated))).resolves.toBeDefined()
      await expect(verify(await made(500), { ...past(600, ringOf(keys.rs256)) })).resolves.toBeDefined()
    })

    it.each([
      [-61, false],
      [-60, true],
      [1360, true],
      [1361, false],
    ])('with a key that signed from 0 to 1000, a token of %i is accepted: %s', async (moment, isAccepted) => {
      const token = await made(moment)
      if (isAccepted) await expect(verify(token, past(moment))).resolves.toBeDefined()
      else await expectRefused(token, 'ERR_TOKEN_INVALID', past(moment))
    })

    it('reckons with replicas that may lag for longer', async () => {
      const lagging = { ...past(1361), storeLag: seconds(301) }
      await expect(verify(await made(1361), lagging)).resolves.toBeDefined()
    })

    it('accepts a token of an adopted key from before it came, and none from after it ceased to sign', async () => {
      const adopted = applyStep(ringOf(keys.es256), { type: 'add-legacy', key: keys.rs256 }, after(0))
      const gone = applyStep(adopted, { type: 'remove', kid: keys.rs256.kid }, removedAt)
      for (const ring of [adopted, gone]) {
        await expect(verify(await made(-YEAR), past(-YEAR, ring))).resolves.toBeDefined()
        await expectRefused(await made(DAY), 'ERR_TOKEN_INVALID', past(DAY, ring))
      }
    })

    it('refuses a key that was taken out before its time, from then on', async () => {
      const forced = applyStep(rotated, { type: 'remove', kid: keys.rs256.kid }, after(1500))
      await expect(verify(await made(900), past(1499, forced))).resolves.toBeDefined()
      await expectRefused(await made(900), 'ERR_TOKEN_KEY_UNKNOWN', past(1500, forced))
    })

    it('refuses a key that waits, which signed nothing', async () => {
      const waiting = applyStep(ringOf(keys.es256), { type: 'publish-next', key: keys.rs256 }, after(0))
      await expectRefused(await made(0), 'ERR_TOKEN_INVALID', past(0, waiting))
    })

    it('refuses a revoked key for every time, since a thief dates tokens as he likes', async () => {
      for (const moment of [0, 999, 1499, 1500, DAY]) {
        await expectRefused(await made(moment), 'ERR_TOKEN_KEY_REVOKED', past(moment, revoked))
      }
    })

    it('accepts a revoked key on request, as the issuer did until it was revoked', async () => {
      const accepting = (moment: number) => ({ ...past(moment, revoked), acceptRevokedKeys: true })
      await expect(verify(await made(900), accepting(1499))).resolves.toBeDefined()
      await expectRefused(await made(900), 'ERR_TOKEN_KEY_REVOKED', accepting(1500))
      await expectRefused(await made(1400), 'ERR_TOKEN_INVALID', accepting(1450))
    })

    it('still requires everything else of a token', async () => {
      await expectRefused(await made(0), 'ERR_TOKEN_INVALID', { ...past(0), audience: 'other' })
      await expectRefused(await forge(claims, { alg: 'PS256' }), 'ERR_TOKEN_INVALID', past(0))
      const foreign = await forge(claims, { kid: keys.rs256.kid }, keys.rs256Other)
      await expectRefused(foreign, 'ERR_TOKEN_INVALID', past(0))
      await expectRefused(await forge(claims, {}, keys.rs256Long), 'ERR_TOKEN_KEY_UNKNOWN', past(0))
    })

    it.each([1, 0.5, Number.NaN])('refuses a moment that is %d s ahead, or is none', async (ahead) => {
      const at = (START + ahead) as UnixSeconds
      await expectRefused(await made(0), 'ERR_REQUEST_INVALID', { now: START, at })
      await expect(verify(await made(0), { now: START, at: START })).resolves.toBeDefined()
    })
  })

  it('accepts no random symmetric key', async () => {
    const secret = await generateSecret('HS256')
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: keys.rs256.kid, typ: 'JWT' })
      .sign(secret)
    await expectRefused(token, 'ERR_TOKEN_INVALID')
  })
})
