import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const running = new Set<ChildProcess>()

/** Flags under which the sources of this checkout run as they are. */
const SOURCE_FLAGS = ['--conditions=@workload-identity/source']

/** How long a program may take to say that it is ready, in milliseconds. */
const READY_TIMEOUT_MS = 30_000

/**
 * Sees to it that nothing started here outlives this process: on Ctrl-C, on SIGTERM and SIGHUP, and when it ends for any
 * other reason. Each child leads a process group of its own, so that its forks end with it.
 */
export function endChildrenWithThisProcess(): void {
  process.on('exit', killAll)
  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 })) {
    process.on(signal, () => process.exit(128 + number))
  }
}

/**
 * The standard output of a program that ends by itself.
 *
 * @throws when it cannot be started or fails; with what it said on standard error.
 */
export async function outputOf(command: string, args: readonly string[]): Promise<string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  keep(child)
  const [output, said, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  if (code !== 0) throw new Error(`${command} failed: ${said.trim()}`)
  return output
}

/** A program of `programs/` that was started by {@link startProgram}. */
export interface Program {
  /** Its first message. */
  readonly ready: unknown
  /** Sends a message and gives the answer to it. */
  ask(message: object): Promise<unknown>
}

/** Starts a program of `programs/` in a process of its own; its first message says that it is ready. */
export async function startProgram(name: string, settings: unknown): Promise<Program> {
  const file = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url))
  const child = fork(file, [JSON.stringify(settings)], {
    execArgv: SOURCE_FLAGS,
    detached: true,
  })
  keep(child)
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${name} has ended`)))
  const answer = async () => {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown]
    return message
  }
  const ready = await answer()
  return {
    ready,
    ask(message) {
      const answered = answer()
      child.send(message)
      return answered
    },
  }
}

/** A server that writes its log to a file. */
export interface LoggingServer {
  /** The first line of its log that `isReady` accepted. */
  readonly ready: string
  readonly pid: number
  stop(): Promise<void>
}

/** How a server is started whose log is a file. */
export interface LoggingServerOptions {
  readonly command: string
  readonly args: readonly string[]
  readonly log: string
  readonly isReady: (line: string) => boolean
}

/**
 * Starts a server whose log goes straight to a file, so that nobody has to read along while it is measured.
 *
 * @throws when it ends, or is not ready in time; with its log.
 */
export async function startServerProcess(options: LoggingServerOptions): Promise<LoggingServer> {
  const { command, args, log, isReady } = options
  const descriptor = openSync(log, 'a', 0o600)
  const child = spawn(command, args, { stdio: ['ignore', descriptor, descriptor], detached: true })
  // A command that is not there never has a PID, and a moment later this event.
  child.once('error', (error) => appendFileSync(log, `${String(error)}\n`))
  closeSync(descriptor)
  keep(child)
  const giveUpAt = Date.now() + READY_TIMEOUT_MS
  while (child.pid !== undefined && child.exitCode === null && Date.now() < giveUpAt) {
    const ready = readFileSync(log, 'utf8').split('\n').find(isReady)
    if (ready !== undefined) return { ready, pid: child.pid, stop: () => end(child) }
    await wait(20)
  }
  await wait(0)
  throw new Error(`${command} ${args.join(' ')} did not start:\n${readFileSync(log, 'utf8')}`)
}

/** Starts a source file as a server, as {@link startServerProcess} does. */
export async function startLoggingServer(
  options: Omit<LoggingServerOptions, 'command'> & {
    readonly file: string
    readonly nodeFlags: readonly string[]
  },
): Promise<LoggingServer> {
  const { file, args, nodeFlags, ...rest } = options
  return startServerProcess({
    command: process.execPath,
    args: [...SOURCE_FLAGS, ...nodeFlags, file, ...args],
    ...rest,
  })
}

function keep(child: ChildProcess): void {
  running.add(child)
  child.once('exit', () => running.delete(child))
}

async function end(child: ChildProcess): Promise<void> {
  if (!running.has(child)) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

function killAll(): void {
  for (const { pid } of running) {
    if (pid === undefined) continue
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It ended by itself in this moment.
    }
  }
}
