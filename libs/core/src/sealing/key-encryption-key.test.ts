import { describe, expect, it } from 'vitest'
import type { IssuerError } from '../errors.ts'
import { assertKeyEncryptionKey, parseKeyEncryptionKey } from './key-encryption-key.ts'

const HEX = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
const BASE64URL = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
// Computed by Python's hashlib, from the description in the docstring.
const ID = 'i40c8kMpVKzTah_VZmE62CybotDT4n0DhFRl2mUT1Gw'

describe('parseKeyEncryptionKey', () => {
  it.each([
    ['hexadecimal digits', HEX],
    ['upper-case hexadecimal digits', HEX.toUpperCase()],
    ['base64url', BASE64URL],
    ['padded base64url', `${BASE64URL}=`],
    ['white space around it, as editors leave it', ` \n${BASE64URL}\r\n`],
  ])('reads 32 bytes as %s and gives the same ID', async (_name, text) => {
    expect((await parseKeyEncryptionKey(text)).id).toBe(ID)
  })

  it.each([
    ['an empty text', ''],
    ['31 bytes', HEX.slice(2)],
    ['33 bytes', `${HEX}20`],
    ['42 characters of base64url', BASE64URL.slice(1)],
    ['a PEM header', `-----BEGIN KEY-----\n${BASE64URL}`],
    ['two keys', `${HEX}\n${HEX}`],
    ['32 equal bytes', '00'.repeat(32)],
  ])('refuses %s with ERR_KEY_INVALID and does not quote it', async (_name, text) => {
    const error: unknown = await parseKeyEncryptionKey(text).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_KEY_INVALID' })
    if (text.length > 20) expect((error as IssuerError).message).not.toContain(text.slice(0, 20))
  })

  it('keeps its bytes to itself', async () => {
    const key = await parseKeyEncryptionKey(HEX)
    expect(key.encryption.extractable).toBe(false)
    expect(key.authentication.extractable).toBe(false)
  })
})

describe('assertKeyEncryptionKey', () => {
  it('accepts a key, and refuses what is none with ERR_KEY_INVALID', () => {
    expect(() => assertKeyEncryptionKey(`${BASE64URL}\n`)).not.toThrow()
    for (const text of [HEX.slice(2), '00'.repeat(32)]) {
      expect(() => assertKeyEncryptionKey(text)).toThrow(
        expect.objectContaining({ code: 'ERR_KEY_INVALID' }) as Error,
      )
    }
  })
})
