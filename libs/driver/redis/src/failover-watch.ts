import { Redis } from 'ioredis'
import { sentinelOptions } from './connection-options.ts'
import { keepConnected } from './kept-connection.ts'
import { tolerateLateErrors } from './late-errors.ts'
import type { HostAndPort, RedisAddress } from './redis-address.ts'
import type { ResolvedRedisOptions } from './redis-options.ts'

/** Listens to what sentinels say about their primary. */
export interface FailoverWatch {
  /** Starts listening to each of them, again and again until `close`. */
  start(): void
  close(): Promise<void>
}

const CHANNEL = '+switch-master'

/**
 * Calls `onSwitch` with the new primary each time one of the sentinels says that it knows another one: each says so for itself.
 * A primary that was silent for a while and comes back does not know that it was replaced, and takes writes for some
 * seconds that nobody will ever see.
 */
export function watchFailovers(
  options: ResolvedRedisOptions,
  { sentinels, name }: Pick<Extract<RedisAddress, { kind: 'sentinel' }>, 'sentinels' | 'name'>,
  onSwitch: (primary: HostAndPort) => void,
): FailoverWatch {
  const connections = sentinels.map((sentinel) => {
    const redis = new Redis({ ...sentinelOptions(options), ...sentinel })
    tolerateLateErrors(redis)
    redis.on('error', () => undefined)
    redis.on('ready', () => {
      // A connection that fails now is made anew and subscribes again.
      redis.subscribe(CHANNEL).catch(() => undefined)
    })
    redis.on('message', (_channel: string, message: string) => {
      const [of, , , host, port] = message.split(' ')
      if (of === name && host !== undefined) onSwitch({ host, port: Number(port) })
    })
    return keepConnected(redis)
  })
  return {
    start() {
      for (const connection of connections) connection.connect().catch(() => undefined)
    },
    async close() {
      await Promise.all(connections.map((connection) => connection.close()))
    },
  }
}
