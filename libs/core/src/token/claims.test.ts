import { describe, expect, it } from 'vitest'
import { withCode } from '../../test/fixtures.ts'
import { parseIdentifier } from '../identifiers.ts'
import { parseIssuerUrl } from '../issuer-url.ts'
import { seconds, unixSeconds } from '../time.ts'
import { buildClaims, buildIdentityClaims, CLAIM_NAMES, type Workload } from './claims.ts'

const cluster = {
  issuerUrl: parseIssuerUrl('https://id.example.com'),
  organizationId: parseIdentifier('organization_id', 'acme'),
  clusterId: parseIdentifier('cluster_id', 'eu-1'),
}
const bareCluster = { issuerUrl: cluster.issuerUrl }
const app = parseIdentifier('app', 'web')
const sandboxId = parseIdentifier('sandbox_id', 'sb-1')
const grant = {
  audience: ['sts.amazonaws.com'],
  ttl: seconds(3600),
  now: unixSeconds(1_767_225_600),
  jti: '00000000-0000-4000-8000-000000000001',
}
const times = { iat: 1_767_225_600, nbf: 1_767_225_540, exp: 1_767_229_200, jti: grant.jti }

describe('buildClaims', () => {
  it.each<[string, typeof cluster | typeof bareCluster, Workload, Record<string, unknown>]>([
    [
      'a sandbox',
      cluster,
      { type: 'sandbox', app, sandboxId, subject: 'sandbox' },
      {
        iss: 'https://id.example.com',
        sub: 'org:acme:app:web:sandbox:sb-1',
        aud: 'sts.amazonaws.com',
        ...times,
        organization_id: 'acme',
        cluster_id: 'eu-1',
        app: 'web',
        sandbox_id: 'sb-1',
        identity_type: 'sandbox',
      },
    ],
    [
      'a sandbox with the subject of its app',
      cluster,
      { type: 'sandbox', app, sandboxId, subject: 'app' },
      {
        iss: 'https://id.example.com',
        sub: 'org:acme:app:web',
        aud: 'sts.amazonaws.com',
        ...times,
        organization_id: 'acme',
        cluster_id: 'eu-1',
        app: 'web',
        sandbox_id: 'sb-1',
        identity_type: 'sandbox',
      },
    ],
    [
      'a system workload',
      cluster,
      { type: 'system', workload: parseIdentifier('system_workload', 'backup') },
      {
        iss: 'https://id.example.com',
        sub: 'org:acme:cluster:eu-1:system:backup',
        aud: 'sts.amazonaws.com',
        ...times,
        organization_id: 'acme',
        cluster_id: 'eu-1',
        system_workload: 'backup',
        identity_type: 'system',
      },
    ],
    [
      'a sandbox of a cluster without names',
      bareCluster,
      { type: 'sandbox', sandboxId, subject: 'sandbox' },
      {
        iss: 'https://id.example.com',
        sub: 'sandbox:sb-1',
        aud: 'sts.amazonaws.com',
        ...times,
        sandbox_id: 'sb-1',
        identity_type: 'sandbox',
      },
    ],
    [
      'a system workload of a cluster without names',
      bareCluster,
      { type: 'system', workload: parseIdentifier('system_workload', 'backup') },
      {
        iss: 'https://id.example.com',
        sub: 'system:backup',
        aud: 'sts.amazonaws.com',
        ...times,
        system_workload: 'backup',
        identity_type: 'system',
      },
    ],
  ])('gives the claims of %s, whole and in the order of CLAIM_NAMES', (_, of, workload, expected) => {
    const claims = buildClaims(buildIdentityClaims(of, workload), grant)
    expect(JSON.stringify(claims)).toBe(JSON.stringify(expected))
    expect(CLAIM_NAMES.filter((name) => name in claims)).toEqual(Object.keys(claims))
  })

  it('keeps several audiences as a list in their order', () => {
    const identity = buildIdentityClaims(cluster, { type: 'sandbox', sandboxId, subject: 'sandbox' })
    expect(buildClaims(identity, { ...grant, audience: ['b', 'a'] }).aud).toEqual(['b', 'a'])
  })

  it.each([
    [0, 0],
    [59, 0],
    [60, 0],
    [61, 1],
  ])('at %i s has nbf %i, never before 1970', (now, nbf) => {
    const identity = buildIdentityClaims(cluster, { type: 'sandbox', sandboxId, subject: 'sandbox' })
    expect(buildClaims(identity, { ...grant, now: unixSeconds(now) }).nbf).toBe(nbf)
  })
})

describe('buildIdentityClaims', () => {
  it('refuses the subject of an app for a sandbox that belongs to none', () => {
    expect(() => buildIdentityClaims(cluster, { type: 'sandbox', sandboxId, subject: 'app' })).toThrow(
      withCode('ERR_SUBJECT_INVALID'),
    )
  })

  it('refuses a value that could be taken for two parts of a subject', () => {
    const workload = {
      type: 'sandbox',
      app: 'web:sandbox:x' as typeof app,
      sandboxId,
      subject: 'sandbox',
    } as const
    expect(() => buildIdentityClaims(cluster, workload)).toThrow(withCode('ERR_SUBJECT_INVALID'))
  })
})
