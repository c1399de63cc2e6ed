/*
 * `npm run crash`: the long form of the races and crash trials. Eight processes race on one store, and processes are
 * killed with -9 at random moments and before every step of a change; each engine has to keep what it acknowledged.
 * Prints what was tried, with seeds; exits 1 when anything was lost. Takes tens of minutes for all engines.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import {
  crashRegistry,
  crashRegistryAtEveryStep,
  crashSaverAtEveryStep,
  crashSavers,
  raceFirstBoots,
  raceRegistry,
  raceSavers,
  type TrialReport,
} from '@workload-identity/contracts/trials'
import { repositoryRoot } from '../repository.ts'

type Trial = (folder: string) => Promise<TrialReport>

const { values } = parseArgs({
  options: {
    engine: { type: 'string', multiple: true, default: ['file', 'sqlite'] },
    kills: { type: 'string', default: '1000' },
    saves: { type: 'string', default: '4000' },
    boots: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const kills = Number(values.kills)
const seed = Number(values.seed)
const processes = 8

let lost = 0
for (const engine of values.engine) {
  for (const [name, trial] of Object.entries(trialsOf(engine))) {
    const folder = mkdtempSync(join(tmpdir(), 'wid-crash-'))
    try {
      const { tried, problems } = await trial(folder)
      lost += problems.length
      console.log(
        `${engine.padEnd(8)} ${name.padEnd(46)} ${String(tried).padStart(6)} tried ${String(problems.length).padStart(4)} lost  seed ${seed}`,
      )
      for (const problem of problems) console.error(`  ${problem}`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
console.log(lost === 0 ? 'nothing was lost' : `${lost} promises were broken`)
process.exitCode = lost === 0 ? 0 : 1

/** The trials of one engine, each on storages in an empty folder. */
function trialsOf(engine: string): Readonly<Record<string, Trial>> {
  const ring = moduleOf('key-store', engine)
  const registry = moduleOf('registry', engine)
  const race = { processes, seed }
  return {
    'saves by 8 processes': (folder) =>
      raceSavers({ module: ring, folder, ...race, saves: Math.ceil(Number(values.saves) / processes) }),
    'concurrent first boots by 8 processes': (folder) =>
      raceFirstBoots({ module: ring, folder, ...race, boots: Number(values.boots) }),
    'kills at random moments of saves': (folder) => crashSavers({ module: ring, folder, kills, seed }),
    'kills before every step of a save': (folder) => crashSaverAtEveryStep({ module: ring, folder }),
    'changes of a registry by 8 processes': (folder) =>
      raceRegistry({ module: registry, folder, ...race, rounds: Number(values.rounds) }),
    'kills at random moments of registry changes': (folder) =>
      crashRegistry({ module: registry, folder, kills, seed }),
    'kills before every step of registry changes': (folder) =>
      crashRegistryAtEveryStep({ module: registry, folder }),
  }
}

function moduleOf(port: string, engine: string): string {
  return new URL(`libs/${port}/${engine}/src/trial-storage.testing.ts`, `file://${repositoryRoot}/`).href
}
