import { Redis } from 'ioredis'
import { serverOptions } from './connection-options.ts'
import { keepConnected } from './kept-connection.ts'
import { tolerateLateErrors } from './late-errors.ts'
import { afterHurry, withDeadline, type Lane } from './lane.ts'
import type { RedisAddress } from './redis-address.ts'
import type { ResolvedRedisOptions } from './redis-options.ts'

/** A lane to one server, or to the primary that Sentinel names. */
export function createServerLane(
  options: ResolvedRedisOptions,
  address: Exclude<RedisAddress, { kind: 'cluster' }>,
): Lane {
  const redis = new Redis(serverOptions(options, address))
  tolerateLateErrors(redis)
  const connection = keepConnected(redis)
  let trouble: Error | undefined
  redis.on('error', (error) => (trouble = error))
  redis.on('sentinelError', (error: Error) => (trouble = error))
  redis.on('ready', () => (trouble = undefined))
  return {
    ...connection,
    connect: () => withDeadline(connection.connect(), options.connectTimeoutMs),
    run: (_key, work) => afterHurry(connection, () => work(redis, false), options.commandTimeoutMs),
    primaries: () => [redis],
    trouble: () => trouble,
  }
}
