import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from '@workload-identity/contracts/trials'
import { onTestFinished } from 'vitest'

/** What a service printed as its `ready` line; a listener that it does not have is absent. */
export interface ReadyLine {
  readonly public?: string
  readonly token: string
  readonly control: string
}

/** The issuer or a runner proxy, as a process of its own. */
export interface Service {
  readonly pid: number
  readonly ready: ReadyLine
  /** Everything it wrote so far, to both outputs. */
  output(): string
  /** Sends a signal and gives the exit code, `null` when the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>
}

/** Takes what is to be done at the end: of the test, or of all tests that share what was started. */
export type AtEnd = (end: () => Promise<void> | void) => void

/**
 * Starts a service, bundled from its sources, and waits until it is ready. It is ended after the test if it still runs, or whenever
 * `atEnd` says.
 */
export async function startService(
  app: 'issuer' | 'runner-proxy',
  flags: readonly string[],
  atEnd: AtEnd = onTestFinished,
  env: Readonly<Record<string, string>> = {},
): Promise<Service> {
  const main = fileURLToPath(new URL(`../../${app}/src/main.ts`, import.meta.url))
  const program = await bundleProgram(`import ${JSON.stringify(main)}`)
  const child = spawn(process.execPath, [program, ...flags], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const exited = once(child, 'close').then(([code]) => code as number | null)
  atEnd(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const ready = await new Promise<ReadyLine>((resolve, reject) => {
    const read = (text: string) => {
      output += text
      const line = /^\{.*"msg":"ready".*\}$/m.exec(output)?.[0]
      if (line !== undefined) resolve(JSON.parse(line) as ReadyLine)
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    void exited.then((code) => reject(new Error(`the ${app} ended with ${code}:\n${output}`)))
  })
  return {
    pid: child.pid ?? 0,
    ready,
    output: () => output,
    end(signal) {
      child.kill(signal)
      return exited
    },
  }
}
