import { parseKeyEncryptionKey } from '@workload-identity/core'
import { Registry } from 'prom-client'
import { describe, expect, it } from 'vitest'
import { addSealingMetrics, type SealingMetricsOptions } from './sealing-metrics.ts'

async function render(options: SealingMetricsOptions): Promise<string> {
  const register = new Registry()
  addSealingMetrics(register, options)
  return register.metrics()
}

describe('addSealingMetrics', () => {
  it('tells the ID of the key that seals, and how many records are left', async () => {
    const key = await parseKeyEncryptionKey(
      '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
    )
    const body = await render({ keys: [key], mode: 'adopt', recordsLeft: () => 7 })
    expect(body).toContain('wid_sealed{kid="i40c8kMpVKzTah_VZmE62CybotDT4n0DhFRl2mUT1Gw"} 1')
    expect(body).toContain('wid_records_to_seal 7')
  })

  it('tells that nothing is sealed, and that nobody knows of records', async () => {
    const body = await render({ keys: [], mode: 'strict', recordsLeft: () => undefined })
    expect(body).toContain('wid_sealed{kid=""} 0')
    expect(body).toContain('wid_records_to_seal Nan')
  })
})
