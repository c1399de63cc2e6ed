import { describe, expect, it } from 'vitest'
import { errorOf, keys, kidOf, pemOf, wholeTextOf, withCode, type VectorName } from '../../test/fixtures.ts'
import { encodeBase64Url } from '../base64url.ts'
import { importPrivateKeyPem } from './pem.ts'

const pemOfBytes = (bytes: Uint8Array) =>
  `-----BEGIN PRIVATE KEY-----\n${btoa(String.fromCharCode(...bytes))}\n-----END PRIVATE KEY-----\n`

describe('importPrivateKeyPem', () => {
  it.each<[VectorName, 'RS256' | 'EdDSA']>([
    ['rsa-2048', 'RS256'],
    ['rsa-3072', 'RS256'],
    ['rsa-wrong-label', 'RS256'],
    ['ed25519', 'EdDSA'],
    ['seed-private-key', 'EdDSA'],
    ['seed-own-label', 'EdDSA'],
  ])('imports %s for %s under the key ID that openssl computes', async (name, alg) => {
    const key = await importPrivateKeyPem(pemOf(name))
    expect([key.alg, key.kid]).toEqual([alg, kidOf(name)])
  })

  it('gives the same key for a seed and for its PKCS#8 form', async () => {
    await expect(importPrivateKeyPem(pemOf('seed-own-label'))).resolves.toEqual(keys.eddsa)
  })

  it.each([
    ['CRLF', (pem: string) => pem.replaceAll('\n', '\r\n')],
    ['no line break at the end', (pem: string) => pem.trimEnd()],
    [
      'no line breaks in the body',
      (pem: string) => pem.replaceAll(/([A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/])/g, '$1'),
    ],
    ['text before and after', (pem: string) => `Bag Attributes: a-b\n  friendlyName: x\n${pem}the end\n`],
    ['a byte order mark', (pem: string) => `\ufeff${pem}`],
    ['indented lines', (pem: string) => pem.replaceAll('\n', '\n  ')],
    ['another label', (pem: string) => pem.replaceAll('PRIVATE KEY', 'ANY LABEL-AT ALL 7')],
  ])('imports a key with %s', async (_, change) => {
    expect((await importPrivateKeyPem(change(pemOf('rsa-2048')))).kid).toBe(kidOf('rsa-2048'))
  })

  it('imports the form of RFC 5958 that has the public key as well', async () => {
    const x = keys.eddsa.public['x'] ?? ''
    const bytes = (text: string) =>
      Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
    const seed = bytes(keys.eddsa.private['d'] ?? '')
    const head = [0x30, 0x51, 2, 1, 1, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]
    const der = Uint8Array.of(...head, ...seed, 0x81, 0x21, 0, ...bytes(x))
    await expect(importPrivateKeyPem(pemOfBytes(der))).resolves.toEqual(keys.eddsa)
  })

  it.each<[VectorName, string]>([
    ['rsa-pkcs1', 'is in PKCS#1 form; convert it: openssl pkcs8 -topk8 -nocrypt'],
    ['p256-sec1', 'is a SEC 1 elliptic-curve key'],
    ['rsa-encrypted', 'looks encrypted or public'],
    ['rsa-old-encrypted', 'is encrypted by the old PEM method'],
    ['rsa-public', 'looks encrypted or public'],
    ['certificate', 'looks encrypted or public'],
    ['p256', 'is neither an RSA nor an Ed25519 key'],
    ['rsa-pss', 'is neither an RSA nor an Ed25519 key'],
    ['x25519', 'is neither an RSA nor an Ed25519 key'],
    ['rsa-1024', 'the RSA key has 1024 bits; at least 2048 are required'],
    ['rsa-2047', 'the RSA key has 2047 bits; at least 2048 are required'],
    ['rsa-truncated', 'cannot be read as PKCS#8'],
    ['seed-31', 'is not a PKCS#8 private key'],
    ['seed-33', 'is not a PKCS#8 private key'],
  ])('refuses %s and says: %s', async (name, reason) => {
    const error = await errorOf(() => importPrivateKeyPem(pemOf(name)))
    expect(error).toEqual(withCode('ERR_KEY_INVALID'))
    expect(error.message).toContain(reason)
  })

  it.each([
    ['nothing', '', 'is not a PEM text'],
    ['text', 'hello', 'is not a PEM text'],
    ['bare base64', pemOf('ed25519').split('\n')[1] ?? '', 'is not a PEM text'],
    ['a text without end', pemOf('rsa-2048').split('-----END')[0] ?? '', 'is not a PEM text'],
    ['two keys', pemOf('rsa-2048') + pemOf('ed25519'), 'holds more than one PEM block'],
    ['two labels', pemOf('ed25519').replace('END PRIVATE', 'END PUBLIC'), 'different PEM labels'],
    ['an empty body', '-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----', 'not base64'],
    ['a body that is not base64', pemOf('ed25519').replace('MC4C', 'MC4!'), 'not base64'],
  ])('refuses %s', async (_, pem, reason) => {
    const error = await errorOf(() => importPrivateKeyPem(pem))
    expect(error).toEqual(withCode('ERR_KEY_INVALID'))
    expect(error.message).toContain(reason)
  })

  it('refuses every truncation of a key with ERR_KEY_INVALID, and never shows a part of it', async () => {
    const body = atob(pemOf('ed25519').split('\n')[1] ?? '')
    const der = Uint8Array.from(body, (character) => character.charCodeAt(0))
    const secret = encodeBase64Url(der.subarray(16)).slice(0, 12)
    for (let length = 1; length < der.length; length += 1) {
      if (length === 32) continue
      const error = await errorOf(() => importPrivateKeyPem(pemOfBytes(der.subarray(0, length))))
      expect(error.code).toBe('ERR_KEY_INVALID')
      expect(wholeTextOf(error)).not.toContain(secret)
    }
  })
})
