import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { outputOf } from './processes.ts'

/** What to ask for, again and again. */
export interface LoadTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Text after the URL that is another one for every request, so that no answer can be a kept one. wrk only. */
  readonly isVaried?: boolean
}

/** A program that puts load on a server, in a process of its own. */
export interface LoadGenerator {
  readonly name: 'wrk' | 'autocannon'
  /** Answers a second over 32 connections for as many seconds. Any answer other than 2xx is a failure of the benchmark. */
  measure(target: LoadTarget, seconds: number): Promise<number>
}

/** Connections that are used at the same time. */
export const CONNECTIONS = 32

/** wrk, whose load is cheap to make, where it is installed (Debian package `wrk`); else autocannon. */
export function chooseLoadGenerator(wanted?: string): LoadGenerator {
  if (wanted === 'autocannon' || (wanted === undefined && !isInstalled('wrk'))) return autocannon
  return wrk
}

const varyingScript = fileURLToPath(new URL('programs/varying-requests.lua', import.meta.url))

const wrk: LoadGenerator = {
  name: 'wrk',
  async measure({ url, headers, isVaried = false }, seconds) {
    const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
    const script = isVaried ? ['-s', varyingScript] : []
    const output = await outputOf('wrk', [
      '-t1',
      `-c${CONNECTIONS}`,
      `-d${seconds}s`,
      ...script,
      ...fields,
      url,
    ])
    return readWrk(output)
  },
}

const autocannon: LoadGenerator = {
  name: 'autocannon',
  async measure({ url, headers, isVaried = false }, seconds) {
    if (isVaried) throw new Error('requests that differ from each other need wrk: install the Debian package')
    const program = createRequire(import.meta.url).resolve('autocannon')
    const fields = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}=${value}`])
    const options = ['-c', String(CONNECTIONS), '-d', String(seconds), '--json', '--no-progress']
    const output = await outputOf(process.execPath, [program, ...options, ...fields, url])
    return readAutocannon(output)
  },
}

/**
 * Answers a second in the report of wrk.
 *
 * @throws when an answer was not 2xx or a connection failed.
 */
export function readWrk(output: string): number {
  const trouble = /^\s*(?:Non-2xx or 3xx responses|Socket errors):.*$/m.exec(output)?.[0]
  const rate = Number(/^Requests\/sec:\s+([\d.]+)$/m.exec(output)?.[1])
  if (trouble !== undefined || !(rate > 0)) throw new Error(`wrk: ${trouble?.trim() ?? 'no answers'}`)
  return rate
}

/**
 * Answers a second in the JSON report of autocannon.
 *
 * @throws when an answer was not 2xx or a connection failed.
 */
export function readAutocannon(output: string): number {
  const result = JSON.parse(output) as Record<string, number>
  const { '2xx': answers = 0, non2xx = 0, errors = 0, duration = 0 } = result
  if (non2xx > 0 || errors > 0 || answers === 0) {
    throw new Error(`autocannon: ${answers} answers, ${non2xx} of them not 2xx, ${errors} errors`)
  }
  return answers / duration
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`])
    return true
  } catch {
    return false
  }
}
