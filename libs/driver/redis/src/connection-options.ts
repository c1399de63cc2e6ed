import type { ClusterOptions, RedisOptions } from 'ioredis'
import { reconnectDelayMs, type ResolvedRedisOptions } from './redis-options.ts'
import type { RedisAddress } from './redis-address.ts'
import { replyCode } from './store-error.ts'

// Said explicitly, as the types of ioredis want it: RESP3 on the wire, lists instead of maps in replies.
interface Legacy {
  readonly replyMapping: 'legacy'
}

/** The options of ioredis for one server or a primary that Sentinel names; `keepConnected` makes lost connections anew. */
export function serverOptions(
  options: ResolvedRedisOptions,
  address: Exclude<RedisAddress, { kind: 'cluster' }>,
): RedisOptions & Legacy {
  const tls = tlsOptions(options)
  const common = {
    ...commonOptions(options),
    db: address.db,
    retryStrategy: () => null,
    enableOfflineQueue: false,
  }
  if (address.kind === 'single') return { ...common, ...address.server, ...tls }
  return {
    ...common,
    sentinels: [...address.sentinels],
    name: address.name,
    // Without a delay ioredis gives up for good when no sentinel answers.
    sentinelRetryStrategy: (attempt) => reconnectDelayMs(attempt, Math.random()),
    sentinelCommandTimeout: options.commandTimeoutMs,
    ...(options.sentinelUsername === undefined ? {} : { sentinelUsername: options.sentinelUsername }),
    ...(options.sentinelPassword === undefined ? {} : { sentinelPassword: options.sentinelPassword }),
    ...(tls.tls === undefined ? {} : { ...tls, sentinelTLS: tls.tls, enableTLSForSentinelMode: true }),
  }
}

/** The options of ioredis for a connection to a sentinel itself, without its address; `keepConnected` makes it anew. */
export function sentinelOptions(options: ResolvedRedisOptions): RedisOptions & Legacy {
  const { username: _ofServers, password: _ofTheirs, ...common } = commonOptions(options)
  return {
    ...common,
    ...tlsOptions(options),
    retryStrategy: () => null,
    enableOfflineQueue: false,
    ...(options.sentinelUsername === undefined ? {} : { username: options.sentinelUsername }),
    ...(options.sentinelPassword === undefined ? {} : { password: options.sentinelPassword }),
  }
}

/** The options of ioredis for a Cluster; `keepConnected` makes it anew when all of its nodes were lost. */
export function clusterOptions(
  options: ResolvedRedisOptions,
): Omit<ClusterOptions, 'redisOptions'> & { redisOptions: RedisOptions & Legacy } {
  return {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: () => null,
    // Sending a command again after a lost connection could do a write twice; who asked decides.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    slotsRefreshTimeout: options.connectTimeoutMs,
    slotsRefreshInterval: 5000,
    // A host name must reach TLS as it is, or the certificate would be compared with an IP address.
    ...(options.tls === undefined ? {} : { dnsLookup: (host, done) => done(null, host) }),
    redisOptions: { ...commonOptions(options), ...tlsOptions(options) },
  }
}

function commonOptions(options: ResolvedRedisOptions) {
  return {
    lazyConnect: true,
    connectTimeout: options.connectTimeoutMs,
    disconnectTimeout: 200,
    commandTimeout: options.commandTimeoutMs,
    // A server that is silent for that long while it owes an answer is given up, so that what waits for it cannot pile up.
    socketTimeout: options.commandTimeoutMs,
    keepAlive: 10_000,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    maxLoadingRetryTime: 500,
    autoResubscribe: false,
    disableClientInfo: true,
    replyMapping: 'legacy',
    // A primary that became a replica is left at once, whether a name, a balancer or Sentinel leads to the new one.
    reconnectOnError: (error: Error) => replyCode(error) === 'READONLY',
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.password === undefined ? {} : { password: options.password }),
  } satisfies RedisOptions & Legacy
}

function tlsOptions({ address, tls = {} }: ResolvedRedisOptions): Pick<RedisOptions, 'tls'> {
  if (!address.tls) return {}
  return { tls: { ...tls, minVersion: 'TLSv1.2' } }
}
