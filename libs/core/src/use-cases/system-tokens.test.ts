import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { errorOf, ISSUER_URL, keys, ringOf, START, withCode } from '../../test/fixtures.ts'
import { runnerOf } from '../../test/registries.ts'
import { createIssuer, type IssuerOptions } from '../issuer.ts'
import { createIssueSystemToken, type SystemWorkloadRule } from './system-tokens.ts'

const ring = ringOf(keys.rs256)
const [r1, r2] = [runnerOf('r-1'), runnerOf('r-2')]
const rules: readonly SystemWorkloadRule[] = [
  { workload: 'agent', audiences: ['https://api.example.com', 'https://logs.example.com'] },
  { workload: 'backup', audiences: ['vault'], runners: ['r-1'] },
]

function createTokens(options: Partial<IssuerOptions> = {}, given = rules) {
  const issuer = createIssuer({
    ...{ ring: () => ring, issuerUrl: ISSUER_URL, clock: () => START },
    ...{ organizationId: 'acme', clusterId: 'eu-1', ...options },
  })
  const told: unknown[] = []
  const issue = createIssueSystemToken({
    ...{ issuer, rules: given },
    onIssued: (minted, runner, facts) => told.push([minted.claims.system_workload, runner.runner_id, facts]),
  })
  return { issue, told, issuer }
}

describe('createIssueSystemToken', () => {
  it('issues a token of a system workload, with nothing of a sandbox in it', async () => {
    const { issue } = createTokens()
    const token = await issue(r2, { workload: 'agent', audience: 'https://logs.example.com', ttl: 600 })
    expect(decodeJwt(token.value)).toEqual({
      ...{ iss: ISSUER_URL, sub: 'org:acme:cluster:eu-1:system:agent', aud: 'https://logs.example.com' },
      ...{ iat: START, nbf: START - 60, exp: START + 600, jti: expect.any(String) },
      ...{ organization_id: 'acme', cluster_id: 'eu-1' },
      ...{ system_workload: 'agent', identity_type: 'system' },
    })
  })

  it('takes the first audience of the rule when none is asked for, not that of the cluster', async () => {
    const { issue } = createTokens({ defaultAudience: 'everyone' })
    const token = await issue(r1, { workload: 'agent' })
    expect(decodeJwt(token.value).aud).toBe('https://api.example.com')
  })

  it('gives several audiences when the rule has all of them', async () => {
    const { issue } = createTokens()
    const audience = ['https://logs.example.com', 'https://api.example.com']
    expect(decodeJwt((await issue(r1, { workload: 'agent', audience })).value).aud).toEqual(audience)
  })

  it('refuses with one sentence what no rule allows', async () => {
    const { issue, told } = createTokens()
    const refused = [
      [r1, { workload: 'unknown' }],
      [r1, { workload: '' }],
      [r1, { workload: 'toString' }],
      [r2, { workload: 'backup' }],
      [r2, { workload: 'backup', audience: 'vault' }],
      [r1, { workload: 'backup', audience: 'https://api.example.com' }],
      [r1, { workload: 'backup', audience: ['vault', 'https://api.example.com'] }],
      [runnerOf('R-1'), { workload: 'backup' }],
    ] as const
    const errors = await Promise.all(
      refused.map(([runner, request]) => errorOf(() => issue(runner, request))),
    )
    for (const error of errors) expect(error).toEqual(withCode('ERR_SYSTEM_WORKLOAD_REFUSED'))
    expect(new Set(errors.map((error) => (error as Error).message)).size).toBe(1)
    expect(told).toEqual([])
    await expect(issue(r1, { workload: 'backup' })).resolves.toBeDefined()
  })

  it.each([
    ['no audience', { audience: [] }, 'ERR_AUDIENCE_INVALID'],
    ['an audience that is none', { audience: 'a b' }, 'ERR_AUDIENCE_INVALID'],
    ['a ttl of 0', { ttl: 0 }, 'ERR_TTL_INVALID'],
  ] as const)('refuses %s as a token endpoint does', async (_, options, code) => {
    await expect(createTokens().issue(r1, { workload: 'agent', ...options })).rejects.toEqual(withCode(code))
  })

  it('goes beyond no limit of the cluster', async () => {
    const { issue } = createTokens({ allowedAudiences: ['https://api.example.com'] })
    await expect(issue(r1, { workload: 'backup' })).rejects.toEqual(withCode('ERR_AUDIENCE_NOT_ALLOWED'))
    const token = await issue(r1, { workload: 'agent', ttl: 1_000_000 })
    expect(token.expires_at).toBe(START + 86_400)
  })

  it('knows no workload without rules', async () => {
    await expect(createTokens({}, []).issue(r1, { workload: 'agent' })).rejects.toEqual(
      withCode('ERR_SYSTEM_WORKLOAD_REFUSED'),
    )
  })

  it('tells of each token with its runner before it is handed out', async () => {
    const { issue, told } = createTokens()
    const facts = { request_id: 'q-1', client_address: '192.0.2.1' }
    await issue(r1, { workload: 'backup' }, facts)
    expect(told).toEqual([['backup', 'r-1', facts]])
  })

  it.each([
    ['a workload that is no identifier', [{ workload: 'a b', audiences: ['x'] }], 'ERR_IDENTIFIER_INVALID'],
    ['no audience', [{ workload: 'a', audiences: [] }], 'ERR_POLICY_INVALID'],
    ['an audience that is none', [{ workload: 'a', audiences: ['x', ''] }], 'ERR_AUDIENCE_INVALID'],
    ['no runner', [{ workload: 'a', audiences: ['x'], runners: [] }], 'ERR_POLICY_INVALID'],
    [
      'a runner that is none',
      [{ workload: 'a', audiences: ['x'], runners: ['*'] }],
      'ERR_IDENTIFIER_INVALID',
    ],
    [
      'a workload twice',
      [
        { workload: 'a', audiences: ['x'], runners: ['r-1'] },
        { workload: 'a', audiences: ['y'] },
      ],
      'ERR_POLICY_INVALID',
    ],
  ] as const)('refuses a rule with %s', (_, given, code) => {
    expect(() => createTokens({}, given)).toThrow(withCode(code))
  })
})
