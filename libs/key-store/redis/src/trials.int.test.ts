import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  crashSaverAtEveryStep,
  crashSavers,
  raceFirstBoots,
  raceSavers,
} from '@workload-identity/contracts/trials'
import { startTrialRedis, type TrialRedis } from '@workload-identity/driver-redis/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

// The short form of the trials; `npm run crash` does them by the thousand.
const TIME_LIMIT_MS = 180_000
const module = new URL('./trial-storage.testing.ts', import.meta.url).href

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-trial-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('createRedisKeyStore among processes', { timeout: TIME_LIMIT_MS }, () => {
  let server: TrialRedis
  beforeAll(async () => {
    server = await startTrialRedis()
  })
  afterAll(() => server.stop())

  it('loses no save of 8 processes that save as fast as they can', async () => {
    const race = { processes: 8, saves: 25, seed: 1 }
    const report = await raceSavers({ module, folder: temporaryFolder(), ...race })
    expect(report).toStrictEqual({ tried: 200, problems: [] })
  })

  it('lets one of 8 processes make the first ring of each of 40 empty stores', async () => {
    const race = { processes: 8, boots: 40, seed: 2 }
    const report = await raceFirstBoots({ module, folder: temporaryFolder(), ...race })
    expect(report).toStrictEqual({ tried: 40, problems: [] })
  })

  it('has the old or the new ring, whole, after each of 5 kills of saver and server at random moments', async () => {
    const report = await crashSavers({ module, folder: temporaryFolder(), kills: 5, seed: 3, server })
    expect(report).toStrictEqual({ tried: 5, problems: [] })
  })

  it('has the old or the new ring, whole, after a kill before each step of a save', async () => {
    const { tried, problems } = await crashSaverAtEveryStep({ module, folder: temporaryFolder() })
    expect(problems).toStrictEqual([])
    expect(tried).toBeGreaterThanOrEqual(12)
  })
})

describe('a server that keeps nothing on its disk', { timeout: TIME_LIMIT_MS }, () => {
  it('is found out when it is killed with its savers', async () => {
    const server = await startTrialRedis({ settings: ['--appendonly', 'no'] })
    onTestFinished(() => server.stop())
    const { problems } = await crashSavers({ module, folder: temporaryFolder(), kills: 2, seed: 4, server })
    expect(problems).toContainEqual(expect.stringMatching(/^kill \d of seed 4: found undefined/))
  })
})
