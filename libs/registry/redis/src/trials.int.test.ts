import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crashRegistry, raceRegistry } from '@workload-identity/contracts/trials'
import { startTrialRedis, type TrialRedis } from '@workload-identity/driver-redis/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

// The short form of the trials; `npm run crash` does them by the thousand, and kills before every step, of which a change has dozens.
const TIME_LIMIT_MS = 180_000
const module = new URL('./trial-storage.testing.ts', import.meta.url).href

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-trial-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

describe('createRedisSandboxRegistry among processes', { timeout: TIME_LIMIT_MS }, () => {
  let server: TrialRedis
  beforeAll(async () => {
    server = await startTrialRedis()
  })
  afterAll(() => server.stop())

  it('gives each ID, secret and end to one of 8 processes and loses no replacement of them', async () => {
    const race = { processes: 8, rounds: 10, seed: 1 }
    const report = await raceRegistry({ module, folder: temporaryFolder(), ...race })
    expect(report).toStrictEqual({ tried: 400, problems: [] })
  })

  it('has each change as a whole or not at all after each of 5 kills of process and server at random moments', async () => {
    const report = await crashRegistry({ module, folder: temporaryFolder(), kills: 5, seed: 2, server })
    expect(report).toStrictEqual({ tried: 5, problems: [] })
  })
})
