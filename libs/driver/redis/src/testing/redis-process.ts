import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const HOST = '127.0.0.1'
const START_ATTEMPTS = 5
const alive = new Set<ChildProcess>()
// A test run that is aborted leaves no servers behind.
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/** A real `redis-server` process of a test, on a free port of the loopback interface, with a folder of its own. */
export interface RedisProcess {
  readonly host: string
  readonly port: number
  readonly directory: string
  /** Resolves when the process has printed a line with that text, also if it was before. */
  printed(text: string): Promise<void>
  /** Stops the process (SIGSTOP): its connections stay open and nothing is answered. */
  pause(): void
  /** Lets a paused process go on. */
  resume(): void
  /** Ends the process with SIGKILL, as a crash does; the folder stays. */
  kill(): Promise<void>
  /** Starts a process again on the same port and folder, after `kill`. */
  restart(): Promise<void>
  /** Ends the process and deletes the folder. */
  stop(): Promise<void>
}

/** How a process is started. */
export interface RedisProcessOptions {
  /** What it prints when it can be used. */
  readonly readyText: string
  /** The arguments of `redis-server`, given a free port and an empty folder. */
  arguments(port: number, directory: string): Promise<readonly string[]> | readonly string[]
}

/** Starts a `redis-server`. Rejected when there is none on the PATH. */
export async function startRedisProcess(options: RedisProcessOptions): Promise<RedisProcess> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort()
    const directory = await mkdtemp(join(tmpdir(), 'redis-'))
    try {
      const args = await options.arguments(port, directory)
      let running = await launch(args, options.readyText)
      return {
        host: HOST,
        port,
        directory,
        printed: (text) => running.printed(text),
        pause: () => running.child.kill('SIGSTOP'),
        resume: () => running.child.kill('SIGCONT'),
        kill: () => end(running.child),
        restart: async () => {
          running = await launch(args, options.readyText)
        },
        stop: async () => {
          await end(running.child)
          await rm(directory, { recursive: true, force: true })
        },
      }
    } catch (error) {
      await rm(directory, { recursive: true, force: true })
      // Another process may have taken the port since it was found free.
      if (attempt === START_ATTEMPTS || !String(error).includes('Address already in use')) throw error
    }
  }
}

/** A port of the loopback interface that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

interface RunningProcess {
  readonly child: ChildProcess
  printed(text: string): Promise<void>
}

async function launch(args: readonly string[], readyText: string): Promise<RunningProcess> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  alive.add(child)
  let output = ''
  const waiting = new Set<{ readonly text: string; resolve(): void; reject(error: Error): void }>()
  const settle = () => {
    for (const waiter of waiting) {
      if (!output.includes(waiter.text)) continue
      waiting.delete(waiter)
      waiter.resolve()
    }
  }
  const fail = (error: Error) => {
    alive.delete(child)
    for (const waiter of waiting) waiter.reject(error)
    waiting.clear()
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      settle()
    })
  }
  child.once('error', fail)
  child.once('close', () => fail(new Error(`redis-server ended:\n${output.slice(-2000)}`)))
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      waiting.add({ text, resolve, reject })
      settle()
    })
  await printed(readyText)
  return { child, printed }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}
