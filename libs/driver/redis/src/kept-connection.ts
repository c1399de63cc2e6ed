import type { Cluster, Redis } from 'ioredis'
import type { HostAndPort } from './redis-address.ts'
import { reconnectDelayMs } from './redis-options.ts'

/** What is told when others of the same client have reached the servers again. */
export type Hurriable = Pick<KeptConnection, 'onReady' | 'hurry'>

/** A connection that is made anew whenever it is lost, until it is closed. */
export interface KeptConnection {
  /** Starts connecting; rejected when the attempt under way fails, after which the attempts go on. */
  connect(): Promise<void>
  /** Calls `listener` each time the connection was made. */
  onReady(listener: () => void): void
  /** Says that the servers answer others: without a connection, one is tried for at once instead of after a pause. */
  hurry(): void
  /** Settles when the attempt that `hurry` asked for is over, well or not; `undefined` when there is none under way. */
  hurried(): Promise<void> | undefined
  /** Gives up a connection to another server than `primary`, or one that is being made; it is then made anew. */
  leaveFor(primary: HostAndPort): void
  /** Ends the connection and every attempt to make one, and resolves when it is gone. */
  close(): Promise<void>
}

/**
 * Keeps `redis` connected from its first `connect` on, with a pause of `pauseMs` before attempt 1, 2, … after each loss.
 * It takes the place of the retry strategies of ioredis, whose pauses cannot be cut short, and which must be off.
 */
export function keepConnected(
  redis: Redis | Cluster,
  pauseMs: (attempt: number) => number = (attempt) => reconnectDelayMs(attempt, Math.random()),
): KeptConnection {
  let failures = 0
  let pause: NodeJS.Timeout | undefined
  let attempt: Promise<void> | undefined
  // The status of a Cluster may go on to "close" after its end, so that it does not tell.
  let isBetweenAttempts = false
  let closing: Promise<void> | undefined

  const tryNow = () => {
    clearTimeout(pause)
    isBetweenAttempts = false
    redis.connect().catch(ignore)
  }
  const end = async () => {
    clearTimeout(pause)
    const ended = new Promise<void>((resolve) => void redis.once('end', () => resolve()))
    const isAtWork = !isBetweenAttempts && redis.status !== 'end'
    redis.disconnect()
    // Between two attempts there is no connection whose end could be told.
    if (isAtWork) await ended
  }
  on(redis, 'ready', () => (failures = 0))
  on(redis, 'end', () => {
    clearTimeout(pause)
    isBetweenAttempts = true
    if (closing !== undefined) return
    failures += 1
    pause = setTimeout(tryNow, pauseMs(failures))
  })

  return {
    onReady: (listener) => on(redis, 'ready', listener),
    async connect() {
      if (redis.status === 'ready') return
      if (redis.status === 'wait') await redis.connect()
      else await outcomeOf(redis)
    },
    hurry() {
      if (closing !== undefined || attempt !== undefined) return
      if (['wait', 'ready'].includes(redis.status)) return
      if (isBetweenAttempts) tryNow()
      attempt = outcomeOf(redis)
        .catch(ignore)
        .finally(() => (attempt = undefined))
    },
    hurried: () => attempt,
    leaveFor({ host, port }) {
      if (closing !== undefined || isBetweenAttempts || !('stream' in redis)) return
      if (['wait', 'end'].includes(redis.status)) return
      // Whoever is being asked for may still be the one that was replaced.
      const isThere =
        redis.status === 'ready' && redis.stream.remoteAddress === host && redis.stream.remotePort === port
      if (!isThere) redis.disconnect()
    },
    close: () => (closing ??= end()),
  }
}

/**
 * Lets each of the connections hurry when another one was made. Their pauses are random, and a client that can read
 * again should not go on refusing writes for a second.
 */
export function hurryTogether(connections: readonly Hurriable[]): void {
  for (const connection of connections) {
    connection.onReady(() => {
      for (const other of connections) if (other !== connection) other.hurry()
    })
  }
}

async function outcomeOf(redis: Redis | Cluster): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const onReady = () => {
      redis.off('end', onEnd)
      resolve()
    }
    const onEnd = () => {
      redis.off('ready', onReady)
      reject(new Error('Connection is closed.'))
    }
    redis.once('ready', onReady)
    redis.once('end', onEnd)
  })
}

function on(redis: Redis | Cluster, event: 'ready' | 'end', listener: () => void): void {
  redis.on(event, listener)
}

function ignore(): void {
  // The attempts go on, and whoever asks for something meanwhile is told why there is no connection.
}
