import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crashRegistry, crashRegistryAtEveryStep, raceRegistry } from '@workload-identity/contracts/trials'
import { describe, expect, it, onTestFinished } from 'vitest'

// The short form of the trials; `npm run crash` does them by the thousand.
const TIME_LIMIT_MS = 180_000
const module = new URL('./trial-storage.testing.ts', import.meta.url).href

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-trial-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('createSqliteSandboxRegistry among processes', { timeout: TIME_LIMIT_MS }, () => {
  it('gives each ID, secret and end to one of 8 processes and loses no replacement of them', async () => {
    const report = await raceRegistry({
      module,
      folder: temporaryFolder(),
      processes: 8,
      rounds: 10,
      seed: 1,
    })
    expect(report).toStrictEqual({ tried: 400, problems: [] })
  })

  it('has each change as a whole or not at all after each of 50 kills at random moments', async () => {
    const report = await crashRegistry({ module, folder: temporaryFolder(), kills: 50, seed: 2 })
    expect(report).toStrictEqual({ tried: 50, problems: [] })
  })

  it('has each change as a whole or not at all after a kill before each step of it', async () => {
    const { tried, problems } = await crashRegistryAtEveryStep({ module, folder: temporaryFolder() })
    expect(problems).toStrictEqual([])
    expect(tried).toBeGreaterThanOrEqual(15)
  })
})
