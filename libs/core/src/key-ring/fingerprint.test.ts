import { describe, expect, it } from 'vitest'
import { keys, ringOf, START } from '../../test/fixtures.ts'
import { fingerprintKeys } from './fingerprint.ts'
import { toPublicJwks } from './jwks.ts'

describe('fingerprintKeys', () => {
  // printf '%s\n' 'aaa RS256' 'bbb EdDSA' | openssl dgst -sha256 -binary | basenc --base64url
  const ofTwo = 'SHA256:6e2OrCSpMRpszeqjUIZ1qr-lO0v9nGvztqhu6J-rpio'
  const [one, two] = [
    { kid: 'aaa', alg: 'RS256' },
    { kid: 'bbb', alg: 'EdDSA' },
  ]

  it('is what openssl makes of the sorted lines, in whatever order the keys come', async () => {
    expect(await fingerprintKeys([one, two])).toBe(ofTwo)
    expect(await fingerprintKeys([two, one])).toBe(ofTwo)
    expect(await fingerprintKeys([])).toBe('SHA256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU')
  })

  it.each([[[one]], [[one, two, two]], [[one, { ...two, alg: 'RS256' }]], [[one, { ...two, kid: 'bbc' }]]])(
    'is another one for %j',
    async (others) => {
      expect(await fingerprintKeys(others)).not.toBe(ofTwo)
    },
  )

  it('is the same for a ring and for its JWK set', async () => {
    const ring = ringOf(keys.rs256)
    expect(await fingerprintKeys(ring.keys)).toBe(await fingerprintKeys(toPublicJwks(ring, START).keys))
  })
})
