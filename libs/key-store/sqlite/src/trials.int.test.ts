import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  crashSaverAtEveryStep,
  crashSavers,
  raceFirstBoots,
  raceSavers,
} from '@workload-identity/contracts/trials'
import { describe, expect, it, onTestFinished } from 'vitest'

// The short form of the trials; `npm run crash` does them by the thousand.
const TIME_LIMIT_MS = 180_000
const module = new URL('./trial-storage.testing.ts', import.meta.url).href

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-trial-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('createSqliteKeyStore among processes', { timeout: TIME_LIMIT_MS }, () => {
  it('loses no save of 8 processes that save as fast as they can', async () => {
    const report = await raceSavers({
      module,
      folder: temporaryFolder(),
      processes: 8,
      saves: 25,
      seed: 1,
    })
    expect(report).toStrictEqual({ tried: 200, problems: [] })
  })

  it('lets one of 8 processes make the first ring of each of 40 empty stores', async () => {
    const report = await raceFirstBoots({
      module,
      folder: temporaryFolder(),
      processes: 8,
      boots: 40,
      seed: 2,
    })
    expect(report).toStrictEqual({ tried: 40, problems: [] })
  })

  it('has the old or the new ring, whole, after each of 50 kills at random moments', async () => {
    const report = await crashSavers({ module, folder: temporaryFolder(), kills: 50, seed: 3 })
    expect(report).toStrictEqual({ tried: 50, problems: [] })
  })

  it('has the old or the new ring, whole, after a kill before each step of a save', async () => {
    const { tried, problems } = await crashSaverAtEveryStep({ module, folder: temporaryFolder() })
    expect(problems).toStrictEqual([])
    expect(tried).toBeGreaterThanOrEqual(5)
  })
})
