import { setTimeout as wait } from 'node:timers/promises'
import { redisCli, type RedisProcess } from '@workload-identity/driver-redis/testing'
import type { IssuerCluster } from './issuer-cluster.ts'
import type { ProxyMode } from './redis-proxy.ts'
import type { FaultName, Round } from './schedule.ts'
import { restartServer, type ChaosStore } from './stores.ts'

/** A fault that can be made and taken back. */
export interface Fault {
  /** The replicas whose store it concerns; none when only replicas are killed. */
  readonly replicas: readonly number[]
  /** Whether no answer of the store reaches these replicas while it lasts. */
  readonly isDark: boolean
  /** Whether the registry has to be restored afterwards. */
  readonly losesRegistry: boolean
  make(): Promise<void>
  /** Takes it back: from then on everything has to heal by itself. */
  lift(): Promise<void>
}

/** What faults are made to. */
export interface FaultTargets {
  readonly store: ChaosStore
  readonly cluster: IssuerCluster
}

/** What belongs to the registry of the cluster `default`, in one step: nobody must see half of it. */
const FLUSH_REGISTRY = `for _, pattern in ipairs({'wid:{default:*', 'wid:{default}:registry_id'}) do
  for _, key in ipairs(redis.call('KEYS', pattern)) do redis.call('DEL', key) end end`

/** A process that is sent SIGSTOP stops a moment later. */
const STOPPING_MS = 50

const FAILOVER_LIMIT_MS = 60_000

type FaultMaker = (round: Round, targets: FaultTargets) => Fault

const faultMakers: Readonly<Record<FaultName, FaultMaker>> = {
  'redis-killed': (_, targets) => killing(targets, async () => targets.store.primary(), true),
  'redis-paused': (_, targets) => pausing(targets, async () => targets.store.primary(), true),
  // From barely noticed to slower than the patience of the issuers.
  'redis-slow': (round, targets) => proxied(round, targets, { kind: 'slow', delayMs: 50 + 3 * round.choice }),
  'redis-half-open': (round, targets) => proxied(round, targets, { kind: 'half-open' }),
  'answers-dropped': (round, targets) => proxied(round, targets, { kind: 'drop-answers' }),
  'connections-cut': (round, targets) => proxied(round, targets, { kind: 'cut', bytes: 2 * round.choice }),
  flushed: (_, targets) => flushing(targets, ['FLUSHALL']),
  'registry-flushed': (_, targets) => flushing(targets, ['EVAL', FLUSH_REGISTRY, '0']),
  'replicas-killed': ({ replicas }, { cluster }) => ({
    replicas: [],
    isDark: false,
    losesRegistry: false,
    make: async () => {
      await Promise.all(replicas.map((replica) => cluster.kill(replica)))
    },
    lift: async () => {},
  }),
  'primary-killed': (_, targets) =>
    failingOver(
      killing(targets, () => targets.store.primary(), false),
      targets,
    ),
  'primary-paused': (_, targets) =>
    failingOver(
      pausing(targets, () => targets.store.primary(), false),
      targets,
    ),
  'node-killed': (round, targets) => killing(targets, async () => nodeOf(round, targets), false),
  'node-paused': (round, targets) => pausing(targets, async () => nodeOf(round, targets), false),
}

/** The fault of a round; nothing is done yet. */
export function createFault(round: Round, targets: FaultTargets): Fault {
  return faultMakers[round.fault](round, targets)
}

function allOf({ cluster }: FaultTargets): readonly number[] {
  return Array.from({ length: cluster.size }, (_, index) => index)
}

function nodeOf({ choice }: Round, { store }: FaultTargets): RedisProcess {
  const node = store.servers[choice % store.servers.length]
  if (node === undefined) throw new TypeError('the store has no servers')
  return node
}

function killing(targets: FaultTargets, choose: () => Promise<RedisProcess>, isDark: boolean): Fault {
  let server: RedisProcess | undefined
  return {
    replicas: allOf(targets),
    isDark,
    losesRegistry: false,
    async make() {
      server = await choose()
      await server.kill()
    },
    async lift() {
      if (server !== undefined) await restartServer(server)
    },
  }
}

function pausing(targets: FaultTargets, choose: () => Promise<RedisProcess>, isDark: boolean): Fault {
  let server: RedisProcess | undefined
  return {
    replicas: allOf(targets),
    isDark,
    losesRegistry: false,
    async make() {
      server = await choose()
      server.pause()
      await wait(STOPPING_MS)
    },
    lift: async () => server?.resume(),
  }
}

function proxied({ replicas }: Round, { store }: FaultTargets, mode: ProxyMode): Fault {
  const setAll = (next: ProxyMode) => {
    for (const replica of replicas) store.proxies[replica]?.setMode(next)
  }
  return {
    replicas,
    isDark: mode.kind === 'half-open' || mode.kind === 'drop-answers',
    losesRegistry: false,
    make: async () => setAll(mode),
    lift: async () => setAll({ kind: 'pass' }),
  }
}

function flushing(targets: FaultTargets, command: readonly string[]): Fault {
  return {
    replicas: allOf(targets),
    isDark: false,
    losesRegistry: true,
    make: async () => {
      await redisCli(await targets.store.primary(), ...command)
    },
    lift: async () => {},
  }
}

/** The same fault of a primary, lasting until the sentinels have chosen another and, once lifted, until that has a replica. */
function failingOver(fault: Fault, { store }: FaultTargets): Fault {
  let before: RedisProcess | undefined
  return {
    ...fault,
    async make() {
      before = await store.primary()
      await fault.make()
      await until('another primary', async () => (await store.primary()) !== before)
    },
    async lift() {
      await fault.lift()
      // The next failover needs a server that has everything.
      await until('a replica of the new primary', async () => {
        const replication = await redisCli(await store.primary(), 'INFO', 'replication')
        return /^slave\d+:.*state=online/m.test(replication)
      })
    },
  }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + FAILOVER_LIMIT_MS
  while (!(await holds())) {
    if (performance.now() > giveUpAt) throw new Error(`${what}: not within ${FAILOVER_LIMIT_MS} ms`)
    await wait(100)
  }
}
