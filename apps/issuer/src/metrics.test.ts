import { IssuerError, unixSeconds, type KeyRing } from '@workload-identity/core'
import { createFixedClock } from '@workload-identity/core/testing'
import { describe, expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'

const clock = createFixedClock()
const now = clock.now()
const ring = {
  generation: 7,
  keys: [
    { kid: 'k1', alg: 'RS256', state: 'active', created_at: now - 100 },
    { kid: 'k0', alg: 'EdDSA', state: 'retired', created_at: now - 900 },
  ],
} as unknown as KeyRing

function create() {
  return createMetrics({
    keyRing: { ring: () => ring, readAt: () => now, isFresh: () => true },
    rotation: () => ({ plan: { at: unixSeconds(now - 30), because: 'of the policy' }, succeededAt: now }),
    isErasurePending: () => true,
    isCopyWrong: () => true,
    isPromotionHeld: () => true,
    clockAheadBy: () => 3600,
    sealing: { keys: [], mode: 'strict', recordsLeft: () => undefined },
    auditLog: { failures: () => 3 },
    clock: clock.now,
  })
}

const answer = { listener: 'token', method: 'GET', route: '/v1/token', status: 200, seconds: 0.004 } as const

describe('createMetrics', () => {
  it('counts mints by outcome and times every answer', async () => {
    const metrics = create()
    metrics.recordAnswer(answer)
    metrics.recordAnswer(answer)
    metrics.recordAnswer({ ...answer, status: 403, code: 'ERR_CREDENTIAL_UNKNOWN' })
    metrics.recordAnswer({ ...answer, route: '/v1/identity' })
    const { body } = await metrics.render()
    expect(body).toContain('wid_mints_total{route="/v1/token",outcome="issued"} 2')
    expect(body).toContain('wid_mints_total{route="/v1/token",outcome="ERR_CREDENTIAL_UNKNOWN"} 1')
    expect(body).not.toContain('wid_mints_total{route="/v1/identity"')
    expect(body).toContain(
      'wid_http_request_duration_seconds_count{listener="token",method="GET",route="/v1/identity",status="200"} 1',
    )
  })

  it('tells the keys, their ages, the ring and when it was read', async () => {
    const { body, contentType } = await create().render()
    expect(contentType).toMatch(/^text\/plain/)
    expect(body).toContain('wid_keys{state="active"} 1')
    expect(body).toContain('wid_keys{state="next"} 0')
    expect(body).toContain('wid_key_age_seconds{kid="k1",alg="RS256",state="active"} 100')
    expect(body).toContain('wid_key_age_seconds{kid="k0",alg="EdDSA",state="retired"} 900')
    expect(body).toContain(
      'wid_published_keys_info{fingerprint="SHA256:4XH95Q8-UiBbAwuboZgZtZfhhiO8bWz1Ddo-JiE3zaY"} 1',
    )
    expect(body).toContain('wid_key_ring_generation 7')
    expect(body).toContain('wid_key_ring_read_age_seconds 0')
    expect(body).toContain('wid_key_ring_fresh 1')
    expect(body).toContain('wid_audit_write_failures 3')
    expect(body).toContain('wid_published_copy_wrong 1')
    expect(body).toContain('wid_promotion_held 1')
    expect(body).toContain('wid_clock_ahead_seconds 3600')
    expect(body).toMatch(/wid_build_info\{version="[^"]+",node="v[^"]+"\} 1/)
    expect(body).toContain('process_cpu_seconds_total')
  })

  it('counts failures of the store alone', async () => {
    const metrics = create()
    metrics.recordStoreError(new IssuerError('ERR_STORE_UNAVAILABLE', 'x'))
    metrics.recordStoreError(new IssuerError('ERR_REGISTRY_LOST', 'x'))
    metrics.recordStoreError(new IssuerError('ERR_SEAL_BROKEN', 'x'))
    metrics.recordStoreError(new IssuerError('ERR_SANDBOX_EXISTS', 'x'))
    const { body } = await metrics.render()
    expect(body.match(/^wid_store_errors_total\{.*$/gm)).toEqual([
      'wid_store_errors_total{code="ERR_STORE_UNAVAILABLE"} 1',
      'wid_store_errors_total{code="ERR_REGISTRY_LOST"} 1',
      'wid_store_errors_total{code="ERR_SEAL_BROKEN"} 1',
    ])
  })

  it('tells when keys change next, when that was looked after last, and what failed', async () => {
    const metrics = create()
    metrics.recordRotationFailure()
    metrics.recordRotationStep('activate')
    const { body } = await metrics.render()
    expect(body).toContain(`wid_rotation_next_change_timestamp_seconds ${now - 30}`)
    expect(body).toContain('wid_rotation_seconds_until_next_change -30')
    expect(body).toContain(`wid_rotation_last_success_timestamp_seconds ${now}`)
    expect(body).toContain('wid_rotation_failures_total 1')
    expect(body).toContain('wid_rotation_steps_total{step="activate"} 1')
    expect(body).toContain('wid_key_erasure_pending 1')
  })

  it('counts repairs of the stored key ring by what was done and what was found', async () => {
    const metrics = create()
    metrics.recordRingRepair({ outcome: 'wrote-back', found: 'emptied' })
    const { body } = await metrics.render()
    expect(body).toContain('wid_key_ring_repairs_total{outcome="wrote-back",found="emptied"} 1')
  })

  it('shares nothing with the metrics of another issuer', async () => {
    create().recordAnswer(answer)
    expect((await create().render()).body).not.toContain('outcome="issued"')
  })
})
