import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { requestJson } from '../../start/request-json.ts'
import { startBenchIssuer } from '../issuer.ts'
import { endChildrenWithThisProcess } from '../processes.ts'
import { startBenchProxy, type BenchProxy } from '../runner-proxy.ts'
import { readProcessUse } from '../process-use.ts'

// Measures what many sandboxes on one node cost: memory and CPU time of the proxy, and how often it asks the issuer. First
// while nobody asks for anything, then while every sandbox asks for its first token, and then once more, spread over the time. docs/performance.md has a run.

const { values } = parseArgs({
  options: {
    sandboxes: { type: 'string', multiple: true, default: ['100', '10000'] },
    seconds: { type: 'string', default: '60' },
  },
})
const seconds = Number(values.seconds)
/** Requests under way at once. */
const ASKERS = 8

endChildrenWithThisProcess()
const folder = mkdtempSync(join(tmpdir(), 'wid-proxy-scale-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const rows: object[] = []
for (const count of values.sandboxes.map(Number)) {
  const own = join(folder, String(count))
  mkdirSync(own, { mode: 0o700 })
  const issuer = await startBenchIssuer({ algorithm: 'RS256', folder: own, store: `sqlite:${own}/issuer.db` })
  const proxy = await startBenchProxy({ issuer, runnerId: 'node-1', sandboxes: count, folder: own })
  rows.push({ sandboxes: count, load: 'nobody asks', ...(await measure(proxy, () => wait(seconds * 1000))) })
  rows.push({ sandboxes: count, load: 'first tokens', ...(await measure(proxy, () => askAll(proxy))) })
  rows.push({
    sandboxes: count,
    load: 'each asks once more',
    ...(await measure(proxy, () => askAllEvenly(proxy))),
  })
  await proxy.stop()
  await issuer.stop()
}
console.table(rows)
process.exit(0)

/** What the proxy uses while something happens, per minute. */
async function measure(proxy: BenchProxy, happens: () => Promise<void>): Promise<object> {
  const before = { use: readProcessUse(proxy.pid), calls: await countCalls(proxy), at: performance.now() }
  await happens()
  const minutes = (performance.now() - before.at) / 60_000
  const use = readProcessUse(proxy.pid)
  return {
    seconds: Math.round(minutes * 60),
    memory_mib: use.residentMiB,
    cpu_percent: Math.round(((use.cpuSeconds - before.use.cpuSeconds) / (minutes * 60)) * 1000) / 10,
    upstream_calls_per_minute: Math.round(((await countCalls(proxy)) - before.calls) / minutes),
  }
}

async function askAll({ targets, secrets }: BenchProxy): Promise<void> {
  const waiting = secrets.values()
  const ask = async () => {
    for (const bearer of waiting) await requestJson(targets.cached.url, { bearer })
  }
  await Promise.all(Array.from({ length: ASKERS }, ask))
}

/** Every sandbox asks once, spread over the time. */
async function askAllEvenly({ targets, secrets }: BenchProxy): Promise<void> {
  const started = performance.now()
  for (const [index, bearer] of secrets.entries()) {
    const due = started + (index / secrets.length) * seconds * 1000
    const early = due - performance.now()
    if (early > 1) await wait(early)
    await requestJson(targets.cached.url, { bearer })
  }
}

/** Requests to the issuer so far, of whatever kind. */
async function countCalls(proxy: BenchProxy): Promise<number> {
  const metrics = await proxy.metrics()
  const counts = metrics.matchAll(/^wid_issuer_request_duration_seconds_count\S* (\d+)$/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}
