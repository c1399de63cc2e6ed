import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { formatTable } from './format-table.ts'
import { chooseLoadGenerator } from './load.ts'
import { endChildrenWithThisProcess } from './processes.ts'
import { measureRounds } from './rounds.ts'
import { startSubjects } from './subjects.ts'

// Measures how fast the issuer mints and publishes, each against what the machine or Node could do at best, in one run.
// docs/performance.md explains the rows and what to make of them.

/** Every subject runs this long before it counts, so that its code is compiled. */
const WARM_UP_SECONDS = 1

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    json: { type: 'string' },
    load: { type: 'string' },
    only: { type: 'string', default: '' },
  },
})
const [rounds, seconds] = [toCount(values.rounds), toCount(values.seconds)]
const load = chooseLoadGenerator(values.load)
const only = new RegExp(values.only)

endChildrenWithThisProcess()
const folder = mkdtempSync(join(tmpdir(), 'wid-bench-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const all = await startSubjects(folder, load)
const wanted = new Set(all.flatMap(({ name, against = name }) => (only.test(name) ? [name, against] : [])))
const subjects = all.filter(({ name }) => wanted.has(name))
await measureRounds(subjects, { rounds: 1, seconds: WARM_UP_SECONDS })
const [loadAverage = 0] = loadavg()
const rows = await measureRounds(subjects, { rounds, seconds }, (name, rate) => {
  process.stderr.write(`${name}: ${Math.round(rate)}/s\n`)
})

const setting = { cores: availableParallelism(), node: process.version, load: load.name, rounds, seconds }
console.log(formatTable(rows))
console.log(
  `\n${setting.cores} cores, Node.js ${setting.node}, load from ${load.name}, medians of ${rounds} rounds of ${seconds} s`,
)
if (loadAverage > setting.cores / 2) {
  console.log(`The machine was busy with other things, too (load average ${loadAverage.toFixed(1)}).`)
}
if (values.json !== undefined) {
  writeFileSync(values.json, `${JSON.stringify({ ...setting, load_average: loadAverage, rows }, null, 2)}\n`)
}
process.exit(0)

function toCount(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError(`not a count of at least 1: ${text}`)
  return Number(text)
}
