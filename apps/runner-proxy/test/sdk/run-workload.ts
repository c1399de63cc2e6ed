import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** How a program of `programs/` ended. */
export interface WorkloadResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a program of `programs/` as a sandbox does: a script of the guide sets what its SDK reads, from the variables that
 * the sandbox was given and nothing else. Each run has a home of its own.
 */
export async function runWorkload(
  program: string,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<WorkloadResult> {
  const file = fileURLToPath(new URL(`programs/${program}.ts`, import.meta.url))
  const home = await mkdtemp(join(tmpdir(), 'wid-home-'))
  const run = `${script}\nexec "$NODE" --disable-warning=ExperimentalWarning "$PROGRAM"`
  const child = spawn('sh', ['-euc', run], {
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      NODE: process.execPath,
      PROGRAM: file,
      HOME: home,
      ...noMetadata,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  await rm(home, { recursive: true })
  return { exitCode, stdout, stderr }
}

/** Keeps the SDKs from looking for the metadata server of a cloud's machine, which a test machine may not be asked for. */
const noMetadata = {
  AWS_EC2_METADATA_DISABLED: 'true',
  METADATA_SERVER_DETECTION: 'none',
  AZURE_TELEMETRY_DISABLED: 'true',
}
