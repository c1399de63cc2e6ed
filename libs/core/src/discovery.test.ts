import { describe, expect, it } from 'vitest'
import { after, ISSUER_URL, keys, retiredEntry, ringOf, START } from '../test/fixtures.ts'
import { buildDiscoveryDocument } from './discovery.ts'

describe('buildDiscoveryDocument', () => {
  it('gives the whole document', () => {
    expect(buildDiscoveryDocument(ISSUER_URL, ringOf(keys.rs256), START)).toEqual({
      issuer: 'https://id.example.com',
      jwks_uri: 'https://id.example.com/.well-known/jwks.json',
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      claims_supported: [
        ...['iss', 'sub', 'aud', 'iat', 'nbf', 'exp', 'jti', 'organization_id', 'cluster_id', 'app'],
        ...['sandbox_id', 'system_workload', 'identity_type'],
      ],
    })
  })

  it('puts the JWKS below the path of the issuer', () => {
    const document = buildDiscoveryDocument('https://h.example/a/b', ringOf(keys.rs256), START)
    expect(document.jwks_uri).toBe('https://h.example/a/b/.well-known/jwks.json')
  })

  it('names the algorithm of the active key first, each one once, and those of published keys only', () => {
    const ring = ringOf(keys.rs256)
    const entries = [
      retiredEntry(keys.eddsa, { remove_at: after(10) }),
      retiredEntry(keys.rs256Other),
      retiredEntry(keys.es256),
      ...ring.keys,
    ]
    const algorithmsAt = (duration: number) =>
      buildDiscoveryDocument(ISSUER_URL, { ...ring, keys: entries }, after(duration))
        .id_token_signing_alg_values_supported
    expect(algorithmsAt(9)).toEqual(['RS256', 'EdDSA', 'ES256'])
    expect(algorithmsAt(10)).toEqual(['RS256', 'ES256'])
  })
})
