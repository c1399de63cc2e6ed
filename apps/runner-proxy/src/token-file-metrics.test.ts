import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { addTokenFileMetrics } from './token-file-metrics.ts'

describe('addTokenFileMetrics', () => {
  it('tells how many files there are, and counts what becomes of them', async () => {
    const register = new Registry()
    const counts = { files: 5, refreshing: 1, failing: 2, without: 1 }
    const state = { ...counts, sandboxes: 3, refreshed: 9, failures: 4, removals: 0 }
    const record = addTokenFileMetrics(register, () => state)
    const file = { sandbox_id: 'web', name: 'aws', path: '/run/tokens/x/aws' }
    record({ type: 'refreshed', ...file })
    record({ type: 'refreshed', ...file })
    record({ type: 'refresh-failed', ...file, error: new Error('no'), failures: 1, retry_in_ms: 1 })
    record({ type: 'hook-failed', sandbox_id: 'web', path: file.path, reason: 'it ended with 1' })
    const body = await register.metrics()
    expect(body).toContain('wid_token_files{state="kept"} 5')
    expect(body).toContain('wid_token_files{state="failing"} 2')
    expect(body).toContain('wid_token_files{state="without"} 1')
    expect(body).toContain('wid_token_file_refreshes_total{outcome="written"} 2')
    expect(body).toContain('wid_token_file_refreshes_total{outcome="failed"} 1')
    expect(body).toContain('wid_token_file_hook_failures_total 1')
    expect(body).not.toContain('web')
  })
})
