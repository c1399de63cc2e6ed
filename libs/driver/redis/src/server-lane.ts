import { Redis } from 'ioredis'
import { serverOptions } from './connection-options.ts'
import { tolerateLateErrors } from './late-errors.ts'
import { withDeadline, type Lane } from './lane.ts'
import type { RedisAddress } from './redis-address.ts'
import type { ResolvedRedisOptions } from './redis-options.ts'

/** A lane to one server, or to the primary that Sentinel names. */
export function createServerLane(
  options: ResolvedRedisOptions,
  address: Exclude<RedisAddress, { kind: 'cluster' }>,
): Lane {
  const redis = new Redis(serverOptions(options, address))
  tolerateLateErrors(redis)
  let trouble: Error | undefined
  redis.on('error', (error) => (trouble = error))
  redis.on('sentinelError', (error: Error) => (trouble = error))
  redis.on('ready', () => (trouble = undefined))
  return {
    async connect() {
      if (redis.status === 'ready') return
      await withDeadline(connectOnce(redis), options.connectTimeoutMs)
    },
    close: () => closeRedis(redis),
    run: (_key, work) => work(redis, false),
    primaries: () => [redis],
    trouble: () => trouble,
  }
}

/** Ends the connection and every attempt to make one, and waits until it is gone. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status === 'end') return
  const ended = new Promise<void>((resolve) => redis.once('end', () => resolve()))
  const isBetweenAttempts = redis.status === 'reconnecting'
  redis.disconnect()
  // There is no connection then whose end could be told.
  if (!isBetweenAttempts) await ended
}

async function connectOnce(redis: Redis): Promise<void> {
  if (redis.status === 'wait') return redis.connect()
  await new Promise<void>((resolve, reject) => {
    const onReady = () => {
      redis.off('close', onClose)
      resolve()
    }
    const onClose = () => {
      redis.off('ready', onReady)
      reject(new Error('Connection is closed.'))
    }
    redis.once('ready', onReady)
    redis.once('close', onClose)
  })
}
