import { writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { generateSecret } from '@workload-identity/core'
import { startIssuerProcess, type IssuerAddresses, type IssuerProcess } from './issuer-process.ts'
import type { Replica } from './judge-mint.ts'
import type { Ledger } from './ledger.ts'
import { HangError, sendRequest, type Answer, type RequestToSend } from './send-request.ts'

/** A replica that was running when it was looked up. */
export interface LivingReplica extends Replica {
  /**
   * Sends a request to one of its listeners; `undefined` when it was killed before it answered. No answer in time, or a
   * connection that breaks although the replica lives, goes into the book as a violation, and is `undefined`, too.
   */
  ask(
    listener: keyof IssuerAddresses,
    path: string,
    request?: Omit<RequestToSend, 'agent'>,
  ): Promise<Answer | undefined>
  /** The same as an admin, on the control listener. */
  control(path: string, request?: Omit<RequestToSend, 'agent'>): Promise<Answer | undefined>
}

/** The issuers of a scenario, numbered from 0. */
export interface IssuerCluster {
  readonly issuerUrl: string
  readonly size: number
  /** Those that run. */
  living(): readonly LivingReplica[]
  /** Kills a replica with -9. */
  kill(index: number): Promise<void>
  /** Starts a killed replica again, as a supervisor does: again and again until it is ready. */
  revive(index: number): Promise<void>
  /** The most memory of each replica that was seen, in bytes. */
  memoryPeaks(): readonly number[]
  sampleMemory(): void
  /** Ends all of them as an operator does; an exit code other than 0 goes into the book. */
  stop(): Promise<void>
}

/** What issuers are started with. */
export interface IssuerClusterOptions {
  /** Holds logs and the admin-token file. */
  readonly folder: string
  readonly size: number
  /** The value of `--store` for each replica. */
  readonly storeUrl: (index: number) => string
  readonly storeLagSeconds: number
  readonly ledger: Ledger
}

const ISSUER_URL = 'https://id.chaos.example'
const RETRY_START_MS = 300

interface Slot {
  starts: number
  process?: IssuerProcess
  agent: Agent
  memoryPeak: number
}

/** Starts all issuers at once on what may be an empty store. */
export async function startIssuerCluster(options: IssuerClusterOptions): Promise<IssuerCluster> {
  const { folder, size, storeUrl, storeLagSeconds, ledger } = options
  const adminToken = generateSecret('admin')
  writeFileSync(join(folder, 'admin-token'), `${adminToken}\n`, { mode: 0o600 })
  const slots = Array.from({ length: size }, (): Slot => ({ starts: 0, agent: newAgent(), memoryPeak: 0 }))
  let isStopping = false

  const start = async (slot: Slot, index: number, more: readonly string[] = []) => {
    slot.starts += 1
    const flags = {
      'issuer-url': ISSUER_URL,
      store: storeUrl(index),
      'store-lag': String(storeLagSeconds),
      'admin-token-file': join(folder, 'admin-token'),
      'public-listen': '127.0.0.1:0',
      'token-listen': '127.0.0.1:0',
      'control-listen': '127.0.0.1:0',
    }
    const given = [...Object.entries(flags).map(([name, value]) => `--${name}=${value}`), ...more]
    const log = join(folder, `issuer-${index}-${slot.starts}.log`)
    slot.process = await startIssuerProcess({ flags: given, log }, (told) =>
      ledger.violation(`replica ${index} ${told}`),
    )
  }

  await Promise.all(slots.map((slot, index) => start(slot, index)))
  return {
    issuerUrl: ISSUER_URL,
    size,
    living: () =>
      slots.flatMap(({ starts, process, agent }, index) =>
        process?.isRunning() === true
          ? [createLivingReplica({ index, starts, process, agent, adminToken, ledger })]
          : [],
      ),
    async kill(index) {
      const slot = slots[index]
      await slot?.process?.end('SIGKILL')
      slot?.agent.destroy()
    },
    async revive(index) {
      const slot = slots[index]
      while (slot !== undefined && !isStopping && slot.process?.isRunning() !== true) {
        slot.agent = newAgent()
        try {
          // A replica that starts on a store that was emptied must not begin with a key of its own.
          await start(slot, index, ['--require-keys'])
        } catch {
          // It cannot start while its store is away.
          await wait(RETRY_START_MS)
        }
      }
    },
    memoryPeaks: () => slots.map(({ memoryPeak }) => memoryPeak),
    sampleMemory() {
      for (const slot of slots) slot.memoryPeak = Math.max(slot.memoryPeak, slot.process?.memory() ?? 0)
    },
    async stop() {
      isStopping = true
      await Promise.all(
        slots.map(async ({ process, agent }, index) => {
          agent.destroy()
          if (process?.isRunning() !== true) return
          const code = await process.end('SIGTERM')
          if (code !== 0) ledger.violation(`replica ${index} ended with ${code} when it was stopped`)
        }),
      )
    },
  }
}

function newAgent(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 64 })
}

function createLivingReplica(given: {
  readonly index: number
  readonly starts: number
  readonly process: IssuerProcess
  readonly agent: Agent
  readonly adminToken: string
  readonly ledger: Ledger
}): LivingReplica {
  const { index, starts, process, agent, adminToken, ledger } = given
  const ask: LivingReplica['ask'] = async (listener, path, request = {}) => {
    try {
      return await sendRequest(process.addresses[listener] + path, { ...request, agent })
    } catch (error) {
      if (!process.isRunning()) ledger.row().broken += 1
      else if (error instanceof HangError) ledger.violation(`replica ${index} hangs: ${error.message}`)
      else ledger.violation(`replica ${index} lives, and broke a connection for ${path}: ${String(error)}`)
      return undefined
    }
  }
  return {
    index,
    starts,
    ask,
    control: (path, request = {}) => ask('control', path, { bearer: adminToken, ...request }),
  }
}
