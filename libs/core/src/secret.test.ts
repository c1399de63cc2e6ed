import { describe, expect, it } from 'vitest'
import { wholeTextOf, errorOf, withCode } from '../test/fixtures.ts'
import { generateSecret, hashSecret, parseSecretHash } from './secret.ts'

describe('generateSecret', () => {
  it.each([
    ['sandbox', /^wis_[A-Za-z0-9_-]{43}$/],
    ['runner', /^wir_[A-Za-z0-9_-]{43}$/],
    ['admin', /^wia_[A-Za-z0-9_-]{43}$/],
  ] as const)('gives a %s 32 random bytes under its prefix', (owner, pattern) => {
    expect(generateSecret(owner)).toMatch(pattern)
  })

  it('never gives the same twice', () => {
    expect(new Set(Array.from({ length: 100 }, () => generateSecret('sandbox'))).size).toBe(100)
  })
})

describe('hashSecret', () => {
  it('gives the SHA-256 of the text in hexadecimal (FIPS 180-4, "abc")', async () => {
    await expect(hashSecret('abc')).resolves.toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
  })
})

describe('parseSecretHash', () => {
  const hex = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

  it('accepts 64 lower-case hexadecimal digits as they stand', () => {
    expect(parseSecretHash(hex)).toBe(hex)
  })

  it('accepts 43 characters of base64url and gives the same hexadecimal digits', () => {
    expect(parseSecretHash('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0')).toBe(hex)
  })

  it.each([
    ['no text', ''],
    ['63 digits', hex.slice(1)],
    ['65 digits', `${hex}0`],
    ['upper-case digits', hex.toUpperCase()],
    ['42 characters', 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa'],
    ['44 characters', 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0='],
    ['base64 with a plus', 'ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0'],
    ['a line break at the end', `${hex}\n`],
    ['a prefix', `sha256:${hex}`],
  ])('refuses %s with ERR_REQUEST_INVALID', (_, text) => {
    expect(() => parseSecretHash(text)).toThrow(withCode('ERR_REQUEST_INVALID'))
  })

  it('does not repeat what was given, which may be the secret itself', async () => {
    const error = await errorOf(() => parseSecretHash('wis_this-is-the-secret-itself'))
    expect(wholeTextOf(error)).not.toContain('this-is-the-secret')
  })
})
