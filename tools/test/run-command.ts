import { spawn } from 'node:child_process'
import { cleanEnvironment } from '../repository.ts'

/** How a command is run. */
export interface CommandOptions {
  readonly cwd: string
  readonly env?: NodeJS.ProcessEnv
  /** Whether its output is shown when it ends instead of as it comes, so that two commands do not interleave. */
  readonly isBuffered?: boolean
}

/** Runs a command and gives its exit code; one that a signal ended gives 1. */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env = {}, isBuffered = false }: CommandOptions,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: cleanEnvironment(env),
      stdio: ['ignore', isBuffered ? 'pipe' : 'inherit', isBuffered ? 'pipe' : 'inherit'],
    })
    const output: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => output.push(chunk))
    child.on('error', reject)
    child.on('close', (code) => {
      process.stdout.write(Buffer.concat(output))
      resolve(code ?? 1)
    })
  })
}

/** Runs jobs with at most `limit` at a time and gives their results in order. */
export async function runPool<T>(limit: number, jobs: readonly (() => Promise<T>)[]): Promise<readonly T[]> {
  const results = new Array<T>(jobs.length)
  const waiting = jobs.entries()
  const work = async (): Promise<void> => {
    for (const [index, job] of waiting) results[index] = await job()
  }
  await Promise.all(Array.from({ length: limit }, work))
  return results
}
