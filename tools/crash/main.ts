/*
 * `npm run crash`: the long form of the races and crash trials. Eight processes race on one store, and processes are
 * killed with -9 at random moments and before every step of a change, and with them the server of an engine that has one;
 * each engine has to keep what it acknowledged. Prints what was tried, with seeds; exits 1 when anything was lost. Takes tens of minutes for each engine.
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
  importTrialStorage,
  raceFirstBoots,
  raceRegistry,
  raceSavers,
  type TrialReport,
  type TrialServer,
} from '@workload-identity/contracts/trials'
import { repositoryRoot } from '../repository.ts'

interface Trial {
  /** The module of its storage. */
  readonly module: string
  /** Does it in an empty folder, on the server of the module if that has one. */
  run(module: string, folder: string, server?: TrialServer): Promise<TrialReport>
}

const { values } = parseArgs({
  options: {
    engine: { type: 'string', multiple: true, default: ['file', 'sqlite', 'redis'] },
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
  for (const [name, { module, run }] of Object.entries(await trialsOf(engine))) {
    const folder = mkdtempSync(join(tmpdir(), 'wid-crash-'))
    const server = await (await importTrialStorage(module)).startServer?.()
    try {
      const { tried, problems } = await run(module, folder, server)
      lost += problems.length
      console.log(
        `${engine.padEnd(8)} ${name.padEnd(58)} ${String(tried).padStart(6)} tried ${String(problems.length).padStart(4)} lost  seed ${seed}`,
      )
      for (const problem of problems) console.error(`  ${problem}`)
    } finally {
      await server?.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
console.log(lost === 0 ? 'nothing was lost' : `${lost} promises were broken`)
process.exitCode = lost === 0 ? 0 : 1

/** The trials of one engine; those in which the server dies only where there is one. */
async function trialsOf(engine: string): Promise<Readonly<Record<string, Trial>>> {
  const ring = moduleOf('key-store', engine)
  const registry = moduleOf('registry', engine)
  const hasServer = (await importTrialStorage(ring)).startServer !== undefined
  const saves = Math.ceil(Number(values.saves) / processes)
  const boots = Number(values.boots)
  const rounds = Number(values.rounds)
  const race = { processes, seed }
  return {
    'saves by 8 processes': {
      module: ring,
      run: (module, folder) => raceSavers({ module, folder, ...race, saves }),
    },
    'concurrent first boots by 8 processes': {
      module: ring,
      run: (module, folder) => raceFirstBoots({ module, folder, ...race, boots }),
    },
    'kills at random moments of saves': {
      module: ring,
      run: (module, folder) => crashSavers({ module, folder, kills, seed }),
    },
    ...(hasServer && {
      'kills of saver and server at random moments of saves': {
        module: ring,
        run: (module, folder, server) =>
          crashSavers({ module, folder, kills, seed, ...(server && { server }) }),
      },
    }),
    'kills before every step of a save': {
      module: ring,
      run: (module, folder) => crashSaverAtEveryStep({ module, folder }),
    },
    'changes of a registry by 8 processes': {
      module: registry,
      run: (module, folder) => raceRegistry({ module, folder, ...race, rounds }),
    },
    'kills at random moments of registry changes': {
      module: registry,
      run: (module, folder) => crashRegistry({ module, folder, kills, seed }),
    },
    ...(hasServer && {
      'kills of process and server at random moments of changes': {
        module: registry,
        run: (module, folder, server) =>
          crashRegistry({ module, folder, kills, seed, ...(server && { server }) }),
      },
    }),
    'kills before every step of registry changes': {
      module: registry,
      run: (module, folder) => crashRegistryAtEveryStep({ module, folder }),
    },
  } satisfies Record<string, Trial>
}

function moduleOf(port: string, engine: string): string {
  return new URL(`libs/${port}/${engine}/src/trial-storage.testing.ts`, `file://${repositoryRoot}/`).href
}
