import { CompactSign, createLocalJWKSet, decodeProtectedHeader, importJWK, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import {
  errorOf,
  ISSUER_URL,
  keys,
  retiredEntry,
  ringOf,
  START,
  wholeTextOf,
  withCode,
} from '../../test/fixtures.ts'
import tokens from '../../test/vectors/tokens.json' with { type: 'json' }
import { IssuerError } from '../errors.ts'
import { toPublicJwks } from '../key-ring/jwks.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import type { IdTokenClaims } from './claims.ts'
import { createLocalSigner } from './sign.ts'

const claims = tokens.claims as IdTokenClaims
const currentDate = new Date(START * 1000)

describe('createLocalSigner', () => {
  it.each([
    ['RS256', keys.rs256],
    ['RS256', keys.rs256Long],
    ['PS256', keys.ps256],
    ['ES256', keys.es256],
    ['EdDSA', keys.eddsa],
  ] as const)('signs %s so that jose verifies it with the JWK set', async (alg, key) => {
    const ring = ringOf(key)
    const token = await createLocalSigner(() => ring).sign(claims)
    const set = createLocalJWKSet(toPublicJwks(ring, START) as never)
    const verified = await jwtVerify(token, set, {
      issuer: ISSUER_URL,
      audience: 'sts.amazonaws.com',
      currentDate,
    })
    expect(verified.payload).toEqual(claims)
    expect(verified.protectedHeader).toEqual({ alg, kid: key.kid, typ: 'JWT' })
  })

  it.each([
    ['RS256', keys.rs256],
    ['EdDSA', keys.eddsa],
  ] as const)('signs %s byte for byte as openssl does', async (alg, key) => {
    await expect(createLocalSigner(() => ringOf(key)).sign(claims)).resolves.toBe(tokens[alg])
  })

  it.each([
    ['RS256', keys.rs256, claims],
    ['RS256', keys.rs256Long, { ...claims, sub: 'app:größe:sandbox:𝕏-"\\' }],
    ['EdDSA', keys.eddsa, { ...claims, aud: ['a', 'b'] }],
  ] as const)('signs %s byte for byte as jose does', async (alg, key, payload) => {
    const jose = new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
      .setProtectedHeader({ alg, kid: key.kid, typ: 'JWT' })
      .sign(await importJWK({ ...key.private }, alg))
    await expect(createLocalSigner(() => ringOf(key)).sign(payload)).resolves.toBe(await jose)
  })

  it('signs with the key that is active now', async () => {
    let ring = ringOf(keys.rs256)
    const signer = createLocalSigner(() => ring)
    const kids = [decodeProtectedHeader(await signer.sign(claims)).kid]
    ring = ringOf(keys.eddsa)
    kids.push(decodeProtectedHeader(await signer.sign(claims)).kid)
    ring = ringOf(keys.rs256)
    kids.push(decodeProtectedHeader(await signer.sign(claims)).kid)
    expect(kids).toEqual([keys.rs256.kid, keys.eddsa.kid, keys.rs256.kid])
  })

  it('proves a key before it signs: halves of two keys give ERR_KEY_MISMATCH and no token', async () => {
    const ring = ringOf({ ...keys.rs256, private: keys.rs256Other.private })
    const signer = createLocalSigner(() => ring)
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const error = await errorOf(() => signer.sign(claims))
      expect(error).toEqual(withCode('ERR_KEY_MISMATCH'))
      expect(wholeTextOf(error)).not.toContain(keys.rs256Other.private['d'])
    }
  })

  it('recovers when the ring is mended', async () => {
    let ring = ringOf({ ...keys.rs256, private: keys.rs256Other.private })
    const signer = createLocalSigner(() => ring)
    await expect(signer.sign(claims)).rejects.toEqual(withCode('ERR_KEY_MISMATCH'))
    ring = ringOf(keys.rs256)
    await expect(signer.sign(claims)).resolves.toBe(tokens.RS256)
  })

  it('refuses an active key without private half with ERR_SIGNING_FAILED', async () => {
    const ring: KeyRing = { ...ringOf(keys.rs256), keys: [{ ...retiredEntry(keys.rs256), state: 'active' }] }
    await expect(createLocalSigner(() => ring).sign(claims)).rejects.toEqual(withCode('ERR_SIGNING_FAILED'))
  })

  it('gives ERR_SIGNING_FAILED with its cause when the claims cannot be signed', async () => {
    const broken = { ...claims, jti: 1n } as unknown as IdTokenClaims
    const error = await errorOf(() => createLocalSigner(() => ringOf(keys.rs256)).sign(broken))
    expect(error).toEqual(withCode('ERR_SIGNING_FAILED'))
    expect(error.cause).toBeInstanceOf(TypeError)
  })

  it('passes on what the ring throws', async () => {
    const stale = new IssuerError('ERR_KEY_RING_STALE', 'too old')
    const signer = createLocalSigner(() => {
      throw stale
    })
    await expect(signer.sign(claims)).rejects.toBe(stale)
  })

  it('signs many tokens at once', async () => {
    const signer = createLocalSigner(() => ringOf(keys.es256))
    const all = await Promise.all(Array.from({ length: 20 }, () => signer.sign(claims)))
    expect(new Set(all.map((token) => token.split('.')[1])).size).toBe(1)
  })
})
