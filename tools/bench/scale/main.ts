import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startRedisServer } from '@workload-identity/driver-redis/testing'
import { endChildrenWithThisProcess } from '../processes.ts'
import { measureScale, type ScaleRow } from './measure.ts'

// Measures what the number of registered sandboxes costs: everything an issuer does should take the same time with a
// million as with a thousand. docs/performance.md has a run.

const { values } = parseArgs({
  options: {
    sandboxes: { type: 'string', multiple: true, default: ['1000', '1000000'] },
    store: { type: 'string', multiple: true, default: ['SQLite', 'Redis'] },
    json: { type: 'string' },
  },
})

endChildrenWithThisProcess()
const folder = mkdtempSync(join(tmpdir(), 'wid-scale-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const rows: ScaleRow[] = []
for (const store of values.store) {
  for (const sandboxes of values.sandboxes) {
    const row = await measureOne(store, Number(sandboxes))
    process.stderr.write(`${JSON.stringify(row)}\n`)
    rows.push(row)
  }
}
console.table(rows)
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
process.exit(0)

async function measureOne(store: string, count: number): Promise<ScaleRow> {
  const own = join(folder, `${store}-${count}`)
  const progress = (text: string) => process.stderr.write(`${store}, ${count} sandboxes: ${text}\n`)
  if (store === 'SQLite') {
    return measureScale({ store, url: `sqlite:${own}/issuer.db`, folder: own, count }, progress)
  }
  if (store === 'file') return measureScale({ store, url: `file:${own}/store`, folder: own, count }, progress)
  if (store !== 'Redis') throw new RangeError(`there is no store ${store}: SQLite, file or Redis`)
  const server = await startRedisServer({ settings: ['--appendonly', 'yes', '--appendfsync', 'everysec'] })
  try {
    return await measureScale(
      { store, url: `redis://${server.host}:${server.port}`, folder: own, count },
      progress,
    )
  } finally {
    await server.stop()
  }
}
