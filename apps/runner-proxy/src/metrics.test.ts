import { IssuerError, seconds, unixSeconds } from '@workload-identity/core'
import type { RunnerState } from '@workload-identity/runner'
import { describe, expect, it } from 'vitest'
import { createMetrics } from './metrics.ts'

const state: RunnerState = {
  confirmedAt: unixSeconds(1_700_000_000),
  confirmedAge: seconds(4),
  sandboxes: 12,
  cachedTokens: 7,
  upstream: { calls: 3, failedCalls: 1, entries: 9, inFlight: 1, queued: 5 },
}

describe('createMetrics', () => {
  it('tells the assignments, their age and what is kept', async () => {
    const { body } = await createMetrics({ state: () => state }).render()
    expect(body).toContain('wid_runner_assignments 12')
    expect(body).toContain('wid_runner_assignments_age_seconds 4')
    expect(body).toContain('wid_runner_cached_tokens 7')
    expect(body).toContain('wid_runner_upstream_waiting 5')
    expect(body).toMatch(/wid_build_info\{version="[^"]+"/)
  })

  it('tells no age before the issuer confirmed the assignments for the first time', async () => {
    const { confirmedAge: _, confirmedAt: __, ...never } = state
    const { body } = await createMetrics({ state: () => never }).render()
    expect(body).toMatch(/^wid_runner_assignments_age_seconds nan$/im)
  })

  it('counts answers by where they came from, checks, batches, mints and requests to the issuer', async () => {
    const metrics = createMetrics({ state: () => state })
    const error = new IssuerError('ERR_ISSUER_UNAVAILABLE', 'no answer')
    metrics.recordEvent({ type: 'answered', what: 'token', sandbox_id: 'a', from: 'cache' })
    metrics.recordEvent({ type: 'answered', what: 'token', sandbox_id: 'b', from: 'cache' })
    metrics.recordEvent({ type: 'assignments-confirmed', sandboxes: 1, changed: true })
    metrics.recordEvent({ type: 'assignments-failed', failures: 1, isRefused: false, error })
    metrics.recordEvent({ type: 'upstream-failed', operation: 'tokens', entries: 2, seconds: 5, error })
    metrics.recordTry({ operation: 'mintTokens', outcome: 'answered', status: 200, seconds: 0.02 })
    metrics.recordTry({ operation: 'mintTokens', outcome: 'timed_out', seconds: 5 })
    metrics.recordAnswer({
      listener: 'token',
      method: 'GET',
      route: '/v1/token',
      status: 200,
      seconds: 0.001,
    })
    const { body } = await metrics.render()
    expect(body).toContain('wid_runner_answers_total{what="token",from="cache"} 2')
    expect(body).toContain('wid_runner_assignment_checks_total{outcome="confirmed"} 1')
    expect(body).toContain('wid_runner_assignment_checks_total{outcome="failed"} 1')
    expect(body).toContain('wid_runner_batches_total{operation="tokens",outcome="failed"} 1')
    expect(body).toContain('wid_mints_total{route="/v1/token",outcome="issued"} 1')
    expect(body).toContain(
      'wid_issuer_request_duration_seconds_count{operation="mintTokens",outcome="answered",status="200"} 1',
    )
    expect(body).toContain(
      'wid_issuer_request_duration_seconds_count{operation="mintTokens",outcome="timed_out",status="0"} 1',
    )
    expect(body).not.toContain('sandbox_id')
  })
})
