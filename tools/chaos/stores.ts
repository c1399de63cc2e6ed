import { setTimeout as wait } from 'node:timers/promises'
import {
  redisCli,
  startRedisCluster,
  startRedisReplica,
  startRedisSentinels,
  startRedisServer,
  type RedisProcess,
} from '@workload-identity/driver-redis/testing'
import { startRedisProxy, type RedisProxy } from './redis-proxy.ts'
import type { ScenarioName } from './schedule.ts'

/** The servers of one scenario. */
export interface ChaosStore {
  /** The value of `--store` of a replica. */
  storeUrl(replica: number): string
  /** The servers that hold data. */
  readonly servers: readonly RedisProcess[]
  /** The proxies of the replicas; only of a single server, as others tell their own addresses. */
  readonly proxies: readonly RedisProxy[]
  /** The server that takes writes just now, by what the sentinels say; of others the first. */
  primary(): Promise<RedisProcess>
  stop(): Promise<void>
}

const SENTINEL_NAME = 'chaos'
const RESTART_ATTEMPTS = 100
const DOWN_AFTER_MS = '3000'

/** Starts the servers of a scenario for that many replicas. */
export async function startStore(scenario: ScenarioName, replicas: number): Promise<ChaosStore> {
  switch (scenario) {
    case 'single':
      return startSingle(replicas)
    case 'sentinel':
      return startSentinel()
    case 'cluster':
      return startCluster()
  }
}

/** Starts a killed server again on its port, and waits until it answers. */
export async function restartServer(server: RedisProcess): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await server.restart()
      return
    } catch (error) {
      // For a moment the port may be that of somebody's outgoing connection.
      if (attempt === RESTART_ATTEMPTS || !String(error).includes('Address already in use')) throw error
      await wait(100)
    }
  }
}

async function startSingle(replicas: number): Promise<ChaosStore> {
  const server = await startRedisServer()
  const proxies = await Promise.all(Array.from({ length: replicas }, () => startRedisProxy(server)))
  return {
    storeUrl: (replica) => `redis://127.0.0.1:${proxies[replica]?.port}`,
    servers: [server],
    proxies,
    primary: async () => server,
    async stop() {
      await Promise.all(proxies.map((proxy) => proxy.stop()))
      await server.stop()
    },
  }
}

async function startSentinel(): Promise<ChaosStore> {
  const first = await startRedisServer()
  const second = await startRedisReplica(first)
  const sentinels = await startRedisSentinels(first, { name: SENTINEL_NAME, count: 3 })
  // On a busy machine a server may be silent for a second without being down.
  await Promise.all(
    sentinels.map((sentinel) =>
      redisCli(sentinel, 'SENTINEL', 'SET', SENTINEL_NAME, 'down-after-milliseconds', DOWN_AFTER_MS),
    ),
  )
  const servers = [first, second]
  const [one, ...others] = sentinels.map(({ host, port }) => `${host}:${port}`)
  const url = `redis://${one}?sentinel=${SENTINEL_NAME}${others.map((node) => `&node=${node}`).join('')}`
  return {
    storeUrl: () => url,
    servers,
    proxies: [],
    async primary() {
      const [sentinel] = sentinels
      if (sentinel === undefined) throw new TypeError('there are no sentinels')
      const told = await redisCli(sentinel, 'SENTINEL', 'get-master-addr-by-name', SENTINEL_NAME)
      const primary = servers.find(({ port }) => told.split('\n').includes(String(port)))
      if (primary === undefined) throw new Error(`the sentinels name an unknown primary: ${told}`)
      return primary
    },
    stop: () => stopAll([...sentinels, ...servers]),
  }
}

async function startCluster(): Promise<ChaosStore> {
  const servers = await startRedisCluster(3)
  const [first, ...others] = servers
  if (first === undefined) throw new TypeError('a cluster has nodes')
  const nodes = others.map(({ host, port }) => `&node=${host}:${port}`).join('')
  return {
    storeUrl: () => `redis://${first.host}:${first.port}?cluster${nodes}`,
    servers,
    proxies: [],
    primary: async () => first,
    stop: () => stopAll(servers),
  }
}

async function stopAll(servers: readonly RedisProcess[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()))
}
