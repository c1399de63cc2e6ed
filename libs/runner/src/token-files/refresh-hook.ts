import { spawn, type ChildProcess } from 'node:child_process'

/** A program that is told of new tokens. */
export interface RefreshHookOptions {
  /** Run without a shell with two arguments: the path of the file and the ID of its sandbox. */
  readonly program: string
  /** All of its environment; see {@link pickHookEnvironment}. Empty unless given. */
  readonly environment?: Readonly<Record<string, string>>
  /** How many of it run at the same time; 4 unless given. */
  readonly atOnce?: number
  /** After how long it is ended, with whatever it started; 10,000 unless given. */
  readonly timeLimitMs?: number
}

/** Why a run of the program counts for nothing. */
export interface HookFailure {
  readonly path: string
  readonly sandbox_id: string
  /** A sentence: how it ended, or why it did not start. */
  readonly reason: string
}

/** Tells a program of new tokens. */
export interface RefreshHook {
  /** Has it run for a file, after the run for the same file that may be under way; once, however often this is called meanwhile. */
  notify(path: string, sandboxId: string): void
  /** Begins no further run, and resolves when none is under way. */
  stop(): Promise<void>
}

const kept = /^(PATH|HOME|USER|LOGNAME|LANG|LC_[A-Z]+|TZ|TMPDIR)$/

/** What a program may know of the environment of the proxy: where programs are, language and time zone; nothing else. */
export function pickHookEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      kept.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  )
}

/**
 * Makes a {@link RefreshHook}.
 *
 * @param onFailure told of every run that did not end with 0. A run that fails is not repeated.
 */
export function createRefreshHook(
  options: RefreshHookOptions,
  onFailure: (failure: HookFailure) => void,
): RefreshHook {
  const { atOnce = 4, timeLimitMs = 10_000 } = options
  const waiting = new Map<string, string>()
  const running = new Map<string, Promise<void>>()
  let isStopped = false

  const runNext = () => {
    for (const [path, sandboxId] of waiting) {
      if (isStopped || running.size >= atOnce) return
      if (running.has(path)) continue
      waiting.delete(path)
      const run = runProgram(options, [path, sandboxId], timeLimitMs).then((reason) => {
        running.delete(path)
        if (reason !== undefined) onFailure({ path, sandbox_id: sandboxId, reason })
        runNext()
      })
      running.set(path, run)
    }
  }
  return {
    notify(path, sandboxId) {
      if (isStopped) return
      waiting.set(path, sandboxId)
      runNext()
    },
    async stop() {
      isStopped = true
      waiting.clear()
      await Promise.all(running.values())
    },
  }
}

/** Why it failed; `undefined` when it ended with 0. */
function runProgram(
  { program, environment = {} }: RefreshHookOptions,
  args: readonly string[],
  timeLimitMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = start(program, args, environment)
    if (child instanceof Error) {
      resolve(`it could not be started: ${child.message}`)
      return
    }
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      endGroup(child.pid)
    }, timeLimitMs)
    child.once('error', (error) => {
      clearTimeout(timer)
      resolve(`it could not be started: ${error.message}`)
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      if (isLate) resolve(`it was ended after ${timeLimitMs} ms`)
      else resolve(code === 0 ? undefined : `it ended with ${code ?? signal ?? 'nothing'}`)
    })
  })
}

/** Node tells some failures by an event and throws others, such as a lack of memory. */
function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess | Error {
  try {
    // A group of its own, so that what it starts can be ended with it.
    return spawn(program, args, { env: { ...env }, shell: false, stdio: 'ignore', detached: true })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has just ended by itself.
  }
}
