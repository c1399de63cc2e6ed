import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** How one of the programs in `relying-parties/` is run. */
export interface RelyingPartyRun {
  readonly program: string
  readonly args: readonly string[]
  /** What it reads from standard input. */
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** What such a program wrote, and how it ended. */
export interface RelyingPartyResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a relying party (or a sandbox) as a process of its own, which has nothing but arguments, input and variables. */
export async function runRelyingParty(run: RelyingPartyRun): Promise<RelyingPartyResult> {
  const script = fileURLToPath(new URL(`relying-parties/${run.program}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...run.args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...run.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(run.input ?? '')
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { exitCode, stdout, stderr }
}
