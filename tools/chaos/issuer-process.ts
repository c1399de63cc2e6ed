import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const running = new Set<ChildProcess>()
const mainFile = fileURLToPath(new URL('../../apps/issuer/src/main.ts', import.meta.url))

/** How long an issuer may take to be ready, in milliseconds, on a machine that is busy with seven others. */
const READY_LIMIT_MS = 60_000

/** Where an issuer listens. */
export interface IssuerAddresses {
  readonly public: string
  readonly token: string
  readonly control: string
}

/** An issuer in a process of its own. */
export interface IssuerProcess {
  readonly addresses: IssuerAddresses
  readonly pid: number
  /** Whether it runs and nobody has ended it. */
  isRunning(): boolean
  /** Its resident memory in bytes; 0 when it has ended, or where there is no `/proc`. */
  memory(): number
  /** Ends it: `SIGKILL` as a crash does, `SIGTERM` as an operator does. Gives its exit code. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
}

/** Sees to it that no issuer outlives this process: on Ctrl-C, on SIGTERM and SIGHUP, and when it ends for any other reason. */
export function endIssuersWithThisProcess(): void {
  process.on('exit', () => {
    for (const child of running) child.kill('SIGKILL')
  })
  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15, SIGHUP: 1 })) {
    process.on(signal, () => process.exit(128 + number))
  }
}

/**
 * Starts an issuer from its sources, its log in a new file.
 *
 * @param onEnded called when it ends without having been told to; with the end of its log.
 * @throws when it ends before it is ready, or is not ready in time; with the end of its log.
 */
export async function startIssuerProcess(
  { flags, log }: { readonly flags: readonly string[]; readonly log: string },
  onEnded: (told: string) => void,
): Promise<IssuerProcess> {
  const descriptor = openSync(log, 'ax', 0o600)
  const child = spawn(
    process.execPath,
    ['--conditions=@workload-identity/source', '--disable-warning=ExperimentalWarning', mainFile, ...flags],
    { stdio: ['ignore', descriptor, descriptor] },
  )
  closeSync(descriptor)
  running.add(child)
  const exited = once(child, 'exit') as Promise<[number | null]>
  let isWanted = true
  let isReady = false
  void exited.then(([code]) => {
    running.delete(child)
    if (isWanted && isReady) onEnded(`ended by itself with ${code}:\n${endOf(log)}`)
  })
  const end = async (signal: NodeJS.Signals) => {
    isWanted = false
    child.kill(signal)
    const [code] = await exited
    return code
  }
  const giveUpAt = Date.now() + READY_LIMIT_MS
  while (running.has(child)) {
    const ready = readFileSync(log, 'utf8')
      .split('\n')
      .find((line) => line.includes('"msg":"ready"'))
    if (ready !== undefined) {
      isReady = true
      return {
        addresses: JSON.parse(ready) as IssuerAddresses,
        pid: child.pid ?? 0,
        isRunning: () => isWanted && running.has(child),
        memory: () => (running.has(child) ? residentMemory(child.pid ?? 0) : 0),
        end,
      }
    }
    if (Date.now() > giveUpAt) await end('SIGKILL')
    await wait(25)
  }
  throw new Error(`the issuer did not start:\n${endOf(log)}`)
}

function residentMemory(pid: number): number {
  try {
    const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Number(kibibytes ?? 0) * 1024
  } catch {
    // It ended in this moment.
    return 0
  }
}

function endOf(log: string): string {
  return readFileSync(log, 'utf8').split('\n').slice(-12).join('\n')
}
