import { Cluster, Redis } from 'ioredis'
import { clusterOptions, serverOptions } from './connection-options.ts'
import { keepConnected, type Hurriable, type KeptConnection } from './kept-connection.ts'
import { tolerateLateErrors } from './late-errors.ts'
import type { ResolvedRedisOptions } from './redis-options.ts'

/** Listens to channels on a connection of its own, which is made when first needed. */
export interface Subscriber extends Hurriable, Pick<KeptConnection, 'leaveFor'> {
  /**
   * Calls `listener` soon after a message on `channel`, and after the connection was lost and is back, as messages may
   * have been missed. The function it gives ends the subscription.
   */
  subscribe(channel: string, listener: () => void): () => void
  /** Ends the connection and every subscription. */
  close(): Promise<void>
}

/** A subscriber of the Redis that the options name. It never throws: without a connection no message comes. */
export function createSubscriber(options: ResolvedRedisOptions): Subscriber {
  const listeners = new Map<string, Set<() => void>>()
  const readyListeners: (() => void)[] = []
  let connection: Redis | Cluster | undefined
  let kept: KeptConnection | undefined

  const tell = (channel: string) => {
    for (const listener of [...(listeners.get(channel) ?? [])]) listener()
  }
  const listen = async (redis: Redis | Cluster, isFirst: boolean) => {
    const channels = [...listeners.keys()]
    if (channels.length === 0) return
    try {
      await redis.subscribe(...channels)
    } catch {
      // The connection is gone again, and its successor subscribes; or the ACL forbids it, and readers poll.
      return
    }
    if (!isFirst) channels.forEach(tell)
  }
  const open = () => {
    const redis = connect(options)
    kept = keepConnected(redis)
    let isFirst = true
    redis.on('error', () => undefined)
    if (redis instanceof Cluster) redis.on('+node', tolerateLateErrors)
    else tolerateLateErrors(redis)
    redis.on('message', tell)
    redis.on('ready', () => {
      void listen(redis, isFirst)
      isFirst = false
    })
    for (const listener of readyListeners) kept.onReady(listener)
    kept.connect().catch(() => undefined)
    return redis
  }

  return {
    subscribe(channel, listener) {
      const own = () => listener()
      const known = listeners.get(channel)
      if (known === undefined) listeners.set(channel, new Set([own]))
      else known.add(own)
      if (connection === undefined) connection = open()
      else if (known === undefined && connection.status === 'ready') void listen(connection, true)
      return () => {
        const others = listeners.get(channel)
        others?.delete(own)
        if (others?.size === 0) {
          listeners.delete(channel)
          connection?.unsubscribe(channel).catch(() => undefined)
        }
      }
    },
    async close() {
      listeners.clear()
      await kept?.close()
    },
    onReady: (listener) => void readyListeners.push(listener),
    hurry: () => kept?.hurry(),
    leaveFor: (primary) => kept?.leaveFor(primary),
  }
}

function connect(options: ResolvedRedisOptions): Redis | Cluster {
  const { address } = options
  if (address.kind === 'cluster') return new Cluster([...address.nodes], clusterOptions(options))
  return new Redis(serverOptions(options, address))
}
