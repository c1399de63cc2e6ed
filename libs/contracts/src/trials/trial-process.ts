import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleProgram } from './bundle-program.ts'
import type { TrialTask } from './trial-task.ts'

/** A process that does a task of a trial. */
export interface TrialProcess<M> {
  /** What it sent so far, in order; all of it once `ended` has resolved. */
  readonly messages: readonly M[]
  /** The first message that fits, also one sent before; rejected when the process ends without. */
  received(fits: (message: M) => boolean): Promise<M>
  send(message: object): void
  kill(): void
  /** How it ended: `0`, another exit code or a signal. */
  readonly ended: Promise<number | NodeJS.Signals>
}

// In the sources this is TypeScript, in a build JavaScript; the worker is beside it in either form.
const worker = fileURLToPath(new URL(`./trial-worker${import.meta.url.slice(-3)}`, import.meta.url))
// Where Node keeps it by default; thousands of processes load the same file.
const compileCache = join(tmpdir(), 'node-compile-cache')

/** Starts a process that does `task` with the storage of `module`. */
export async function startTrialProcess<M extends object>(
  module: string,
  task: TrialTask,
): Promise<TrialProcess<M>> {
  const program = await bundleProgram(programOf(module))
  const env = { ...process.env, NODE_COMPILE_CACHE: compileCache }
  const child = fork(program, [JSON.stringify(task)], { execArgv: [], stdio: 'inherit', env })
  const messages: M[] = []
  const listeners = new Set<() => void>()
  child.on('message', (message) => {
    messages.push(message as M)
    for (const listener of listeners) listener()
  })
  const ended = endOf(child)
  return {
    messages,
    ended,
    send: (message) => void child.send(message),
    kill: () => void child.kill('SIGKILL'),
    async received(fits) {
      const found = () => messages.find(fits)
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const look = () => {
        if (found() !== undefined) resolve(undefined)
      }
      listeners.add(look)
      look()
      const end = await Promise.race([promise, ended])
      listeners.delete(look)
      const message = found()
      if (message === undefined) throw new Error(`a process of the trial ended too early: ${String(end)}`)
      return message
    },
  }
}

/** The program that does one task with one storage. */
function programOf(module: string): string {
  return [
    `import * as storage from ${JSON.stringify(fileURLToPath(module))}`,
    `import { doTrialTask } from ${JSON.stringify(worker)}`,
    'await doTrialTask(storage)',
  ].join('\n')
}

async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  // `disconnect` comes after the last message, `exit` may come before it.
  const disconnected = once(child, 'disconnect')
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null]
  await disconnected
  return code ?? signal ?? 0
}
