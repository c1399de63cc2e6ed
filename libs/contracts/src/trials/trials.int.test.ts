import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { crashSaverAtEveryStep, crashSavers, raceFirstBoots, raceRegistry, raceSavers } from './index.ts'

const TIME_LIMIT_MS = 120_000
const careless = new URL('./careless-storage.testing.ts', import.meta.url).href
const forgetful = new URL('./forgetful-storage.testing.ts', import.meta.url).href
const fragile = new URL('./fragile-storage.testing.ts', import.meta.url).href

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-trial-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

function among4(module: string) {
  return { module, folder: temporaryFolder(), processes: 4, seed: 1 }
}

describe('raceSavers', { timeout: TIME_LIMIT_MS }, () => {
  it('finds saves that a store without compare-and-swap loses', async () => {
    const { problems } = await raceSavers({ ...among4(careless), saves: 100 })
    expect(problems).toContainEqual(expect.stringContaining('and so lost'))
  })
})

describe('raceFirstBoots', { timeout: TIME_LIMIT_MS }, () => {
  it('finds two first rings in a store without compare-and-swap', async () => {
    const { problems } = await raceFirstBoots({ ...among4(careless), boots: 40 })
    expect(problems).toContainEqual(expect.stringContaining('processes made the first ring'))
  })
})

describe('raceRegistry', { timeout: TIME_LIMIT_MS }, () => {
  it('finds two owners and lost replacements in a registry without compare-and-swap', async () => {
    const { problems } = await raceRegistry({ ...among4(careless), rounds: 20 })
    expect(problems).toContainEqual(expect.stringContaining('processes were first of'))
    expect(problems).toContainEqual(expect.stringContaining('the counter is at'))
  })
})

describe('crashSaverAtEveryStep', { timeout: TIME_LIMIT_MS }, () => {
  it('finds the half-written ring of a store that writes in place', async () => {
    const { problems } = await crashSaverAtEveryStep({ module: fragile, folder: temporaryFolder() })
    expect(problems).toContainEqual(expect.stringContaining('the store cannot be used'))
  })
})

describe('crashSavers', { timeout: TIME_LIMIT_MS }, () => {
  it('finds acknowledged saves that a store loses which writes later', async () => {
    const folder = temporaryFolder()
    const { problems } = await crashSavers({ module: forgetful, folder, kills: 5, seed: 1 })
    expect(problems).toContainEqual(expect.stringMatching(/^kill \d of seed 1: found /))
  })
})
