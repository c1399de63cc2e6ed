import {
  applyStep,
  createKeyRing,
  generateKeyMaterial,
  publishedKeys,
  unixSeconds,
} from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { buildPublicExport } from './export-public.ts'
import { computeRingFingerprint } from './ring-fingerprint.ts'

const now = unixSeconds(1_767_225_600)
const [first, second] = await Promise.all([generateKeyMaterial('ES256'), generateKeyMaterial('EdDSA')])
const [ringId, writeId, registryId] = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()]
const ids = { ringId, writeId, registryId, clusterId: 'eu-1', issuerUrl: 'https://id.example.com' }
const start = createKeyRing({ ...ids, key: first }, now)
const ring = applyStep(
  applyStep(start, { type: 'take-over', key: second }, now),
  { type: 'revoke', kid: first.kid, reason: 'stolen' },
  now,
)

describe('buildPublicExport', () => {
  it('gives the published keys and the history, and nothing private', () => {
    const { jwks, history } = buildPublicExport(ring, now)
    expect(jwks.keys.map(({ kid }) => kid)).toEqual(publishedKeys(ring, now).map(({ kid }) => kid))
    expect(history).toEqual([
      {
        ...{
          kid: first.kid,
          alg: 'ES256',
          jwk: { ...first.public, kid: first.kid, use: 'sig', alg: 'ES256' },
        },
        ...{ signed_from: now, signed_until: now, ended_at: now, reason: 'revoked: stolen' },
      },
    ])
    expect(JSON.stringify({ jwks, history })).not.toContain('"d"')
  })
})

describe('computeRingFingerprint', () => {
  it('is the same for another version of a ring and another order of its keys', () => {
    const [one, two] = [start, { ...start, generation: 7, write_id: crypto.randomUUID() }]
    expect(computeRingFingerprint(two)).toBe(computeRingFingerprint(one))
    expect(computeRingFingerprint(one)).toMatch(/^SHA256:[A-Za-z0-9_-]{43}$/)
  })

  it.each([
    ['a key retires', { keys: ring.keys }],
    ['a key is revoked', { history: ring.history }],
    ['it belongs to another registry', { registry_id: crypto.randomUUID() }],
    ['it is another lineage', { ring_id: crypto.randomUUID() }],
    ['its issuer URL changes', { issuers: [{ url: 'https://other.example.com' }] }],
  ])('differs when %s', (_, change) => {
    expect(computeRingFingerprint({ ...start, ...change })).not.toBe(computeRingFingerprint(start))
  })
})
