import { importJWK, jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { errorOf, keys, kidOf, wholeTextOf, withCode } from '../../test/fixtures.ts'
import { generationParameters, isSigningAlgorithm, keySpecifications } from './algorithms.ts'
import {
  computeKeyId,
  generateKeyMaterial,
  importSigningKey,
  proveKey,
  proveKeyId,
  toPublicKeyMaterial,
  toSigningKeyMaterial,
} from './key-material.ts'

const everyKey = Object.entries(keys)

describe('computeKeyId', () => {
  it.each([
    ['RS256', keys.rs256, 'rsa-2048'],
    ['RS256 of 3072 bits', keys.rs256Long, 'rsa-3072'],
    ['PS256', keys.ps256, 'rsa-other'],
    ['ES256', keys.es256, 'p256'],
    ['EdDSA', keys.eddsa, 'ed25519'],
    ['another EdDSA', keys.eddsaOther, 'ed25519-other'],
  ] as const)('gives for %s what openssl gives', async (_, key, vector) => {
    await expect(computeKeyId(key.alg, key.public)).resolves.toBe(kidOf(vector))
  })

  it('does not depend on anything but the public key itself', async () => {
    await expect(computeKeyId('RS256', { ...keys.rs256.public, use: 'sig', kid: 'x' })).resolves.toBe(
      keys.rs256.kid,
    )
  })

  it.each([
    ['an RSA key for EdDSA', 'EdDSA', keys.rs256.public],
    ['an Ed25519 key for RS256', 'RS256', keys.eddsa.public],
    ['a P-256 key for EdDSA', 'EdDSA', keys.es256.public],
    ['a key on another curve', 'ES256', { ...keys.es256.public, crv: 'P-384' }],
    ['a point that is not on the curve', 'ES256', { ...keys.es256.public, y: keys.es256.public['x'] ?? '' }],
    ['an RSA key without modulus', 'RS256', { kty: 'RSA', e: 'AQAB' }],
    ['an RSA key with an empty modulus', 'RS256', { kty: 'RSA', n: '', e: 'AQAB' }],
    ['an RSA key that is all zeros', 'RS256', { kty: 'RSA', n: 'A'.repeat(400), e: 'AQAB' }],
    ['an Ed25519 key of 31 bytes', 'EdDSA', { kty: 'OKP', crv: 'Ed25519', x: 'A'.repeat(42) }],
    ['nothing', 'RS256', {}],
  ] as const)('refuses %s with ERR_KEY_INVALID', async (_, alg, half) => {
    await expect(computeKeyId(alg, half)).rejects.toEqual(withCode('ERR_KEY_INVALID'))
  })
})

describe('generateKeyMaterial', () => {
  it.each([
    ['RS256', 'RS256'],
    ['PS256', 'PS256'],
    ['ES256', 'ES256'],
    ['EdDSA', 'EdDSA'],
  ] as const)('makes a key for %s whose halves belong together', async (specification, alg) => {
    const key = await generateKeyMaterial(specification)
    expect(key.alg).toBe(alg)
    await expect(proveKey(key)).resolves.toBeUndefined()
  })

  it.each([
    ['RS256', 2048],
    ['RS256-3072', 3072],
    ['RS256-4096', 4096],
    ['PS256', 2048],
    ['PS256-3072', 3072],
    ['PS256-4096', 4096],
  ] as const)('asks for a key for %s of %i bits', (specification, bits) => {
    expect(generationParameters(specification).parameters).toMatchObject({
      modulusLength: bits,
      publicExponent: Uint8Array.of(1, 0, 1),
    })
  })

  it('makes RS256 of 2048 bits unless told otherwise', async () => {
    const key = await generateKeyMaterial()
    expect([key.alg, keySpecifications[0]]).toEqual(['RS256', 'RS256'])
    expect(key.public['n']).toHaveLength(342)
  })
})

describe('isSigningAlgorithm', () => {
  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('is true of %s', (text) => {
    expect(isSigningAlgorithm(text)).toBe(true)
  })
  it.each(['none', 'HS256', 'RS512', 'rs256', 'Ed25519', '', 'toString', '__proto__'])(
    'is false of %j',
    (text) => {
      expect(isSigningAlgorithm(text)).toBe(false)
    },
  )
})

describe('toSigningKeyMaterial', () => {
  it.each(everyKey)('keeps just the members of %s, sorted into its halves', (_, key) => {
    const expected = {
      RS256: [
        ['kty', 'n', 'e'],
        ['kty', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'],
      ],
      PS256: [
        ['kty', 'n', 'e'],
        ['kty', 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'],
      ],
      ES256: [
        ['kty', 'crv', 'x', 'y'],
        ['kty', 'crv', 'x', 'y', 'd'],
      ],
      EdDSA: [
        ['kty', 'crv', 'x'],
        ['kty', 'crv', 'x', 'd'],
      ],
    }
    expect([Object.keys(key.public), Object.keys(key.private)]).toEqual(expected[key.alg])
  })

  it('takes no other members over', async () => {
    const jwk = { ...keys.eddsa.private, kid: 'mine', key_ops: ['sign'], ext: true }
    await expect(toSigningKeyMaterial('EdDSA', jwk)).resolves.toEqual(keys.eddsa)
  })

  it.each(['kty', 'n', 'e', 'd', 'p', 'qi'])('refuses an RSA key without its member "%s"', async (name) => {
    const jwk = { ...keys.rs256.private, [name]: undefined }
    const error = await errorOf(() => toSigningKeyMaterial('RS256', jwk))
    expect(error).toEqual(withCode('ERR_KEY_INVALID'))
    expect(error.message).toContain(`"${name}"`)
  })

  it('refuses halves of two keys', async () => {
    const jwk = { ...keys.rs256.private, n: keys.rs256Other.public['n'] }
    await expect(toSigningKeyMaterial('RS256', jwk)).rejects.toEqual(withCode('ERR_KEY_MISMATCH'))
  })
})

describe('toPublicKeyMaterial', () => {
  it.each(everyKey)('gives the public half of %s and nothing else of a private JWK', async (_, key) => {
    const { kid, alg, public: publicHalf } = key
    await expect(toPublicKeyMaterial(alg, key.private)).resolves.toEqual({ kid, alg, public: publicHalf })
  })
})

describe('proveKey', () => {
  it.each(everyKey)('accepts %s', async (_, key) => {
    await expect(proveKey(key)).resolves.toBeUndefined()
  })

  it.each([
    ['RS256', keys.rs256, keys.rs256Other],
    ['EdDSA', keys.eddsa, keys.eddsaOther],
  ] as const)(
    'refuses for %s the private half of one key with the public half of another',
    async (_, one, other) => {
      await expect(proveKey({ ...one, private: other.private })).rejects.toEqual(withCode('ERR_KEY_MISMATCH'))
      await expect(proveKey({ ...other, public: one.public })).rejects.toEqual(withCode('ERR_KEY_MISMATCH'))
    },
  )

  it('refuses an ID that is not the one of the public half', async () => {
    await expect(proveKey({ ...keys.eddsa, kid: keys.eddsaOther.kid })).rejects.toEqual(
      withCode('ERR_KEY_MISMATCH'),
    )
  })

  it.each([
    [
      'an RSA key of two keys',
      { ...keys.rs256, private: { ...keys.rs256Other.private, n: keys.rs256.public['n'] ?? '' } },
    ],
    [
      'a P-256 key with another point',
      { ...keys.es256, private: { ...keys.es256.private, d: keys.eddsa.private['d'] ?? '' } },
    ],
    [
      'an Ed25519 key with another point',
      { ...keys.eddsa, private: { ...keys.eddsa.private, x: keys.eddsaOther.public['x'] ?? '' } },
    ],
    ['a private half without secret', { ...keys.eddsa, private: keys.eddsa.public }],
    ['a private half of garbage', { ...keys.eddsa, private: { ...keys.eddsa.private, d: '!' } }],
    ['an RSA key for EdDSA', { ...keys.rs256, alg: 'EdDSA' as const }],
  ])('refuses %s with a code, and never shows the key', async (_, key) => {
    const error = await errorOf(() => proveKey(key))
    expect(['ERR_KEY_MISMATCH', 'ERR_KEY_INVALID']).toContain(error.code)
    for (const name of ['d', 'p', 'q']) {
      const secret = key.private[name]
      if (secret !== undefined && secret.length > 10)
        expect(wholeTextOf(error)).not.toContain(secret.slice(0, 10))
    }
  })
})

describe('proveKeyId', () => {
  it('needs the public half only', async () => {
    const { kid, alg, public: publicHalf } = keys.rs256
    await expect(proveKeyId({ kid, alg, public: publicHalf })).resolves.toBeUndefined()
    await expect(proveKeyId({ kid: keys.rs256Other.kid, alg, public: publicHalf })).rejects.toEqual(
      withCode('ERR_KEY_MISMATCH'),
    )
  })
})

describe('importSigningKey', () => {
  it.each(everyKey)('gives for %s a key that signs for jose and cannot be exported', async (_, key) => {
    const signingKey = await importSigningKey(key.alg, key.private)
    expect([signingKey.extractable, signingKey.usages]).toEqual([false, ['sign']])
    const token = await new SignJWT({ a: 1 }).setProtectedHeader({ alg: key.alg }).sign(signingKey)
    const { payload } = await jwtVerify(token, await importJWK({ ...key.public }, key.alg))
    expect(payload).toEqual({ a: 1 })
  })
})
