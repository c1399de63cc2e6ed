/*
 * `npm run chaos`: issuers as real processes on a real Redis, under load, while one thing after another goes wrong.
 * Whatever happens, tokens verify, keys stay published, nobody live is refused, nobody ended is served, and everything
 * heals without a restart. Prints the counts; exits 1 when a promise was broken.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { endIssuersWithThisProcess } from './issuer-process.ts'
import { formatCounts } from './report.ts'
import { playScenario } from './scenario.ts'
import { planSchedule, SCENARIOS, type ScenarioName } from './schedule.ts'

const { values } = parseArgs({
  options: {
    // About: whatever has begun is finished.
    minutes: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', multiple: true, default: Object.keys(SCENARIOS) },
    replicas: { type: 'string', default: '4' },
    rate: { type: 'string', default: '100' },
    'store-lag': { type: 'string', default: '8' },
    'longest-hold': { type: 'string', default: '12' },
    // What the issuers logged stays in the folder that is printed.
    keep: { type: 'boolean', default: false },
  },
})
const seed = toCount(values.seed)
const replicas = toCount(values.replicas)
const scenarios = values.only.map(toScenario)

endIssuersWithThisProcess()
const folder = mkdtempSync(join(tmpdir(), 'wid-chaos-'))
process.on('exit', () => {
  if (!values.keep) rmSync(folder, { recursive: true, force: true })
})
// The servers make their folders there, too, and have no time to remove them on Ctrl-C.
process.env['TMPDIR'] = folder
if (values.keep) console.error(`logs are in ${folder}`)
console.error(`seed ${seed}`)

const outcomes = []
for (const scenario of scenarios) {
  const rounds = planSchedule({
    scenario,
    seed,
    replicas,
    rounds: toCount(values.rounds),
    longestHoldMs: Number(values['longest-hold']) * 1000,
  })
  outcomes.push(
    await playScenario({
      scenario,
      rounds,
      budgetMs: (Number(values.minutes) * 60_000) / scenarios.length,
      seed,
      replicas,
      storeLagSeconds: toCount(values['store-lag']),
      rate: toCount(values.rate),
      folder,
      onProgress: (line) => console.error(line),
    }),
  )
}

const violations = outcomes.flatMap(({ ledger }) => ledger.violations)
console.log(formatCounts(outcomes.flatMap(({ ledger }) => ledger.rows())))
for (const [index, { keys, memoryPeaks, verifiedAtTheEnd, rounds }] of outcomes.entries()) {
  const mebibytes = memoryPeaks.map((peak) => Math.round(peak / 2 ** 20)).join(', ')
  console.log(
    `${scenarios[index]}: ${rounds} rounds; keys seen ${keys}; ${verifiedAtTheEnd} tokens verified again at the end; memory at most ${mebibytes} MiB`,
  )
}
console.log(
  `seed ${seed}: ${violations.length === 0 ? 'no promise was broken' : `${violations.length} violations`}`,
)
for (const violation of violations) console.log(`  ${violation}`)
process.exit(violations.length === 0 ? 0 : 1)

function toScenario(text: string): ScenarioName {
  if (!Object.hasOwn(SCENARIOS, text)) {
    throw new RangeError(`no scenario: ${text}; there are ${Object.keys(SCENARIOS).join(', ')}`)
  }
  return text as ScenarioName
}

function toCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new RangeError(`not a whole number: ${text}`)
  return Number(text)
}
