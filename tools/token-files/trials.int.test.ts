import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '@workload-identity/runner/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runReadTrial } from './read-trial.ts'
import { simulateDay } from './simulated-day.ts'

let folder = ''
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'wid-token-files-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('runReadTrial', () => {
  it('shows a process that reads all the time no torn, empty or expired token in 1,500 refreshes and outages of half a life', async () => {
    const trial = await runReadTrial({ folder, refreshes: 1500, files: 20, random: createRandom(42) })
    expect(trial.refreshed).toBeGreaterThanOrEqual(1500)
    expect(trial.outages).toBeGreaterThan(3)
    expect(trial.seen).toMatchObject({ missing: 0, empty: 0, torn: 0, expired: 0 })
    // It really read meanwhile.
    expect(trial.seen.changes).toBeGreaterThan(100)
  })
})

describe('simulateDay', () => {
  it('calls the issuer evenly for 1,000 files through six hours, and lets none expire', async () => {
    const { refreshed, callsPerMinute, expired } = await simulateDay({
      files: 1000,
      hours: 6,
      random: createRandom(42),
    })
    expect(expired).toBe(0)
    // About twice an hour each.
    expect(refreshed).toBeGreaterThan(12_000)
    expect(refreshed).toBeLessThan(16_000)
    const [first = 0, , ...steady] = callsPerMinute
    expect(first).toBeLessThan(40)
    expect(Math.max(...steady)).toBeLessThanOrEqual(13)
  })
})
