/*
 * `npm run token-files`: what is promised of token files, at length. A process reads files during 10,000 refreshes and never sees
 * a torn, empty or expired token, though the issuer is away for half of a life again and again; 10,000 files on one node
 * through a simulated day load the issuer evenly, none expires, and memory stays as it is. Exits 1 otherwise; takes a few minutes.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom } from '@workload-identity/runner/testing'
import { runReadTrial } from './read-trial.ts'
import { simulateDay } from './simulated-day.ts'

const { values } = parseArgs({
  options: {
    refreshes: { type: 'string', default: '10000' },
    files: { type: 'string', default: '10000' },
    hours: { type: 'string', default: '24' },
    folder: { type: 'string', default: tmpdir() },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const random = createRandom(Number(values.seed))
const failures: string[] = []
console.log(`seed ${values.seed}`)

for (const writeInPlace of [false, true]) {
  const folder = mkdtempSync(join(values.folder, 'wid-token-files-'))
  try {
    const options = { folder, refreshes: Number(values.refreshes), files: 20, writeInPlace, random }
    const { refreshed, outages, seen } = await runReadTrial(options)
    const { reads, changes, missing, empty, torn, expired } = seen
    console.log(
      `${writeInPlace ? 'written in place' : 'replaced'}: ${refreshed} refreshes, ${outages} outages of half a life; ` +
        `${reads} reads saw ${changes} tokens, ${missing} missing, ${empty} empty, ${torn} torn, ${expired} expired`,
    )
    // In place a reader may see parts of two tokens; that is what the option costs.
    const bad = missing + empty + expired + (writeInPlace ? 0 : torn)
    if (bad > 0) failures.push(`a reader saw ${bad} files that were no living token`)
    if (changes < refreshed / 20) failures.push('the reader saw too few of the tokens for a proof')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const { refreshed, callsPerMinute, expired, heap } = await simulateDay({
  files: Number(values.files),
  hours: Number(values.hours),
  random,
})
const [first = 0, ...rest] = callsPerMinute
// All files came in the first minute, and the refreshes of each begin within half of a life.
const steady = rest.slice(1)
const [least, most] = [Math.min(...steady), Math.max(...steady)]
const mean = steady.reduce((sum, calls) => sum + calls, 0) / steady.length
console.log(
  `${values.files} files, ${values.hours} hours: ${refreshed} refreshes, ${expired} files expired; calls upstream: ${first} in the first minute, ` +
    `then ${mean.toFixed(1)} a minute, at least ${least}, at most ${most}`,
)
const megabytes = heap.map((bytes) => Math.round(bytes / 1_048_576))
console.log(`memory after each hour, in MiB: ${megabytes.join(' ')}`)
if (expired > 0) failures.push(`${expired} files expired`)
if (most > 2 * mean + 2) failures.push(`the issuer was called ${most} times in a minute`)
const [early = 0, late = 0] = [heap[1], heap.at(-1)]
if (late > 1.2 * early) failures.push('memory grew by more than a fifth after the second hour')

for (const failure of failures) console.error(failure)
console.log(failures.length === 0 ? 'every promise was kept' : `${failures.length} promises were broken`)
process.exitCode = failures.length === 0 ? 0 : 1
