import { importJWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { after, ISSUER_URL, keys, ringOf, START, withCode } from '../../test/fixtures.ts'
import { parseIdentifier } from '../identifiers.ts'
import { createIssuer, toSandboxWorkload } from '../issuer.ts'
import type { Workload } from './claims.ts'

const ring = ringOf(keys.rs256)
const issuer = createIssuer({
  ...{ ring: () => ring, issuerUrl: ISSUER_URL, clock: () => START },
  ...{ organizationId: 'acme', clusterId: 'eu-1' },
})
const workloads: Readonly<Record<string, Workload>> = {
  'a sandbox': toSandboxWorkload('web', 'sb-1'),
  'a sandbox without an app': toSandboxWorkload('', 'sb-1'),
  'a sandbox with the subject of its app': toSandboxWorkload('web', 'sb-1', 'app'),
  'a system workload': { type: 'system', workload: parseIdentifier('system_workload', 'backup') },
  // Names prove nothing: this one is called like a sandbox.
  'a system workload named sb-1': { type: 'system', workload: parseIdentifier('system_workload', 'sb-1') },
}
const mixes = Object.entries(workloads).flatMap(([name, workload]) =>
  ([undefined, 'sandbox', 'system'] as const).map((required) => ({
    ...{ name, workload, required, asked: required ?? 'nothing' },
    fits: workload.type === (required ?? 'sandbox'),
  })),
)

/** Claims as the issuer makes them, changed by somebody who holds its key. `undefined` takes a claim away. */
async function forge(workload: Workload, changes: object): Promise<string> {
  const { claims } = await issuer.mint(workload)
  const key = await importJWK({ ...keys.rs256.private }, keys.rs256.alg)
  const payload = JSON.parse(JSON.stringify({ ...claims, ...changes })) as Record<string, unknown>
  return new SignJWT(payload)
    .setProtectedHeader({ alg: keys.rs256.alg, kid: keys.rs256.kid, typ: 'JWT' })
    .sign(key)
}

const sandbox = toSandboxWorkload('web', 'sb-1')
const appLevel = toSandboxWorkload('web', 'sb-1', 'app')
const system: Workload = { type: 'system', workload: parseIdentifier('system_workload', 'backup') }
const systemSubject = 'org:acme:cluster:eu-1:system:backup'
const sandboxSubject = 'org:acme:app:web:sandbox:sb-1'

describe('verifyIdToken', () => {
  it.each(mixes)('judges the token of $name when $asked is required: $fits', async (mix) => {
    const { token } = await issuer.mint(mix.workload)
    const options = { audience: ISSUER_URL, ...(mix.required && { identityType: mix.required }) }
    const verifying = issuer.verifyToken(token.value, options)
    if (mix.fits) await expect(verifying).resolves.toMatchObject({ identity_type: mix.workload.type })
    else await expect(verifying).rejects.toEqual(withCode('ERR_TOKEN_INVALID'))
  })

  it.each([
    ['a sandbox that calls itself a system workload', sandbox, { identity_type: 'system' }],
    ['a sandbox with a system subject', sandbox, { sub: systemSubject }],
    ['a sandbox with system type and subject', sandbox, { identity_type: 'system', sub: systemSubject }],
    [
      'a sandbox with everything of a system workload',
      sandbox,
      { identity_type: 'system', sub: systemSubject, system_workload: 'backup' },
    ],
    ['a sandbox with a system workload', sandbox, { system_workload: 'backup' }],
    ['a sandbox without a sandbox ID', sandbox, { sandbox_id: undefined }],
    ['a sandbox with the ID of another', sandbox, { sandbox_id: 'sb-2' }],
    ['a sandbox whose ID is no text', sandbox, { sandbox_id: ['sb-1'] }],
    ['a sandbox with an empty ID', sandbox, { sandbox_id: '' }],
    ['an app subject without a sandbox ID', appLevel, { sandbox_id: undefined }],
    ['an app subject with an empty sandbox ID', appLevel, { sandbox_id: '' }],
    ['an app subject with a system workload', appLevel, { system_workload: 'backup' }],
    ['an app subject of a system workload', appLevel, { identity_type: 'system' }],
    ['a system workload that calls itself a sandbox', system, { identity_type: 'sandbox' }],
    ['a system workload with the subject of a sandbox', system, { sub: sandboxSubject }],
    ['a system workload with a sandbox ID', system, { sandbox_id: 'sb-1' }],
    ['a system workload with an empty sandbox ID', system, { sandbox_id: '' }],
    ['a system workload with an app', system, { app: 'web' }],
    ['a system workload without its name', system, { system_workload: undefined }],
    ['a system workload with the name of another', system, { system_workload: 'admin' }],
    [
      'a system workload with everything of a sandbox',
      system,
      { identity_type: 'sandbox', sub: sandboxSubject, sandbox_id: 'sb-1', app: 'web' },
    ],
    ['no type at all', sandbox, { identity_type: undefined }],
    ['a type that is none', sandbox, { identity_type: 'admin' }],
    ['both types', sandbox, { identity_type: ['sandbox', 'system'] }],
    ['a subject of no form', sandbox, { sub: 'org:acme' }],
  ])('refuses %s as either, though the signature is right', async (_, workload, changes) => {
    const token = await forge(workload, changes)
    for (const identityType of ['sandbox', 'system'] as const) {
      const verifying = issuer.verifyToken(token, { audience: ISSUER_URL, identityType })
      await expect(verifying).rejects.toEqual(withCode('ERR_TOKEN_INVALID'))
    }
  })

  it('refuses mixed claims also of a moment in the past', async () => {
    const token = await forge(system, { sandbox_id: 'sb-1' })
    const later = createIssuer({ ring: () => ring, issuerUrl: ISSUER_URL, clock: () => after(10) })
    const options = { audience: ISSUER_URL, identityType: 'system', at: START } as const
    await expect(later.verifyToken(token, options)).rejects.toEqual(withCode('ERR_TOKEN_INVALID'))
    const { token: genuine } = await issuer.mint(system)
    await expect(later.verifyToken(genuine.value, options)).resolves.toMatchObject({
      system_workload: 'backup',
    })
  })
})
