import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { CHECKOUT } from './background-issuer.ts'
import type { ReadyLine } from './issuer-process.ts'

/** An issuer that a command of a guide runs until it is ended. */
export interface ForegroundIssuer {
  readonly ready: ReadyLine
  /** Ends it as the service manager does, and waits for that. */
  stop(): Promise<void>
}

/**
 * Runs a command of a guide that starts an issuer, in the checkout, and waits until that is ready. It is ended after the test
 * if it still runs.
 */
export async function runForegroundIssuer(
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<ForegroundIssuer> {
  const child = spawn('sh', ['-euc', script], {
    cwd: CHECKOUT,
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      CHECKOUT,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, so that the signal reaches the issuer below npm.
    detached: true,
  })
  const exited = once(child, 'close')
  const stop = async () => {
    const isAlive = child.exitCode === null && child.signalCode === null
    if (child.pid !== undefined && isAlive) process.kill(-child.pid, 'SIGTERM')
    await exited
  }
  onTestFinished(stop)
  for await (const line of createInterface(child.stdout)) {
    if (!line.includes('"msg":"ready"')) continue
    child.stdout.resume()
    return { ready: JSON.parse(line) as ReadyLine, stop }
  }
  throw new Error(`the command ended before the issuer was ready: ${script}`)
}
