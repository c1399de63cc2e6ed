import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wid-bench-test-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** Starts the benchmark; whatever it leaves behind would be below `folder`. */
function startBench(...args: readonly string[]) {
  return spawn(process.execPath, ['--conditions=@workload-identity/source', main, ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  })
}

/** The command lines of all processes that were started with the benchmark's environment. */
function leftProcesses(): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readOf(pid, 'environ').includes(`TMPDIR=${folder}`))
    .map((pid) => readOf(pid, 'cmdline'))
}

function readOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

describe('bench', () => {
  it('measures the real issuer, writes its rows as JSON and leaves nothing behind', async () => {
    const json = join(folder, 'bench.json')
    const child = startBench('--rounds', '1', '--seconds', '1', '--only', '^RS256 HTTP mint', '--json', json)
    child.stderr.resume()
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(0)
    const { rows } = JSON.parse(readFileSync(json, 'utf8')) as {
      rows: { name: string; ratio: number | null }[]
    }
    const minted = rows.map(({ name }) => name).filter((name) => name.includes('HTTP mint'))
    expect(minted).toStrictEqual(['SQLite', 'file', 'Redis'].map((store) => `RS256 HTTP mint, ${store}`))
    expect(rows[0]).toMatchObject({ name: 'RS256 openssl speed, all cores', ratio: null })
    for (const { ratio } of rows.slice(1)) expect(ratio).toBeGreaterThan(0.01)
    expect(readdirSync(folder)).toStrictEqual(['bench.json'])
    expect(leftProcesses()).toStrictEqual([])
  }, 180_000)

  it('ends everything it started on Ctrl-C', async () => {
    const child = startBench('--rounds', '1', '--seconds', '1', '--only', '^JWKS')
    // Its first line says that all servers run and that one of them is being measured.
    await once(child.stderr, 'data')
    await expect.poll(() => leftProcesses().join()).toMatch(/wrk|autocannon/)
    child.kill('SIGINT')
    const [code] = (await once(child, 'exit')) as [number]
    expect(code).toBe(130)
    expect(readdirSync(folder)).toStrictEqual([])
    await expect.poll(leftProcesses, { timeout: 5000 }).toStrictEqual([])
  }, 180_000)
})
