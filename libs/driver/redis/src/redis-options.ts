import type { RedisAddress } from './redis-address.ts'

/** TLS towards Redis; used when the address says `tls`. */
export interface RedisTls {
  /** The certificates that are trusted, PEM; absent = those the runtime trusts. */
  readonly ca?: string
  /** A client certificate and its key, PEM. */
  readonly cert?: string
  readonly key?: string
  /** The name the servers' certificates are for, if it is not the host they are reached by. */
  readonly servername?: string
}

/** What {@link createRedisClient} needs to know. */
export interface RedisClientOptions {
  readonly address: RedisAddress
  /** The ACL user; absent = `default`. */
  readonly username?: string
  readonly password?: string
  /** Credentials of the sentinels; absent = they want none. */
  readonly sentinelUsername?: string
  readonly sentinelPassword?: string
  readonly tls?: RedisTls
  /** How long an operation may take before it fails, in milliseconds; default 2000. */
  readonly commandTimeoutMs?: number
  /** How long making a connection may take, in milliseconds; default 2000. */
  readonly connectTimeoutMs?: number
  /** How long a durable write waits for a replica, in milliseconds, less than `commandTimeoutMs`; default 1000. */
  readonly replicaTimeoutMs?: number
}

/** {@link RedisClientOptions} with every limit decided. */
export interface ResolvedRedisOptions extends RedisClientOptions {
  readonly commandTimeoutMs: number
  readonly connectTimeoutMs: number
  readonly replicaTimeoutMs: number
}

/**
 * The options with the default limits filled in. Two seconds: longer than a healthy Redis ever takes, shorter than the
 * patience of whoever waits for a token.
 *
 * @throws {RangeError} when a limit is not a positive whole number or a replica may take as long as the whole command.
 */
export function resolveRedisOptions(options: RedisClientOptions): ResolvedRedisOptions {
  const resolved = {
    ...options,
    commandTimeoutMs: options.commandTimeoutMs ?? 2000,
    connectTimeoutMs: options.connectTimeoutMs ?? 2000,
    replicaTimeoutMs:
      options.replicaTimeoutMs ?? Math.min(1000, Math.ceil((options.commandTimeoutMs ?? 2000) / 2)),
  }
  for (const name of ['commandTimeoutMs', 'connectTimeoutMs', 'replicaTimeoutMs'] as const) {
    if (!Number.isSafeInteger(resolved[name]) || resolved[name] < 1) {
      throw new RangeError(`${name} must be a whole number of milliseconds, at least 1`)
    }
  }
  // WAIT 1 0 would wait for ever, and a longer wait than the time-out would never be answered.
  if (resolved.replicaTimeoutMs >= resolved.commandTimeoutMs) {
    throw new RangeError('replicaTimeoutMs must be less than commandTimeoutMs')
  }
  return resolved
}

/**
 * The pause before connection attempt `attempt` (1, 2, …) in milliseconds: doubling from 50 to 2000, of which half is
 * random, so that many clients of a restarted server do not come at once. `random` is in 0 ≤ random < 1.
 */
export function reconnectDelayMs(attempt: number, random: number): number {
  const ceiling = Math.min(2000, 50 * 2 ** Math.min(attempt - 1, 10))
  return Math.ceil(ceiling / 2 + (ceiling / 2) * random)
}
