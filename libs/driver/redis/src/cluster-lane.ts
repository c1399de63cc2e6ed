import { Cluster, Command, type Redis } from 'ioredis'
import { setTimeout as pause } from 'node:timers/promises'
import { clusterOptions } from './connection-options.ts'
import { redirectionOf } from './commands.ts'
import { keepConnected } from './kept-connection.ts'
import { tolerateLateErrors } from './late-errors.ts'
import { afterHurry, withDeadline, type Lane, type NodeWork } from './lane.ts'
import type { RedisAddress } from './redis-address.ts'
import type { ResolvedRedisOptions } from './redis-options.ts'

const MAX_REDIRECTIONS = 8
const PAUSE_MS = 25

/**
 * A lane to the primaries of a Cluster. The slots and connections are those of ioredis; the commands go straight to the
 * node that has the key, because a write and its `WAIT` must share one connection and be sent once.
 */
export function createClusterLane(
  options: ResolvedRedisOptions,
  address: Extract<RedisAddress, { kind: 'cluster' }>,
): Lane {
  const cluster = new Cluster([...address.nodes], clusterOptions(options))
  cluster.on('+node', tolerateLateErrors)
  const connection = keepConnected(cluster)
  let trouble: Error | undefined
  cluster.on('error', (error: Error) => (trouble = error))
  cluster.on('node error', (error: Error) => (trouble = error))
  cluster.on('ready', () => (trouble = undefined))

  async function redirect<T>(key: string, work: NodeWork<T>): Promise<T> {
    let node = nodeOf(cluster, key)
    let asking = false
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work(node ?? (await nodeAfterRefresh(cluster, key)), asking)
      } catch (error) {
        const redirection = redirectionOf(error)
        if (redirection === undefined || attempt > MAX_REDIRECTIONS) throw error
        if (redirection === 'later') await pause(PAUSE_MS * attempt)
        asking = redirection === 'ask'
        const target = asking ? nodeAt(cluster, (error as Error).message.split(' ')[2]) : undefined
        if (target === undefined) await refresh(cluster)
        node = target ?? nodeOf(cluster, key)
      }
    }
  }

  return {
    ...connection,
    connect: () => withDeadline(connection.connect(), options.connectTimeoutMs),
    run: (key, work) =>
      withDeadline(
        afterHurry(connection, () => redirect(key, work), options.commandTimeoutMs),
        options.commandTimeoutMs,
      ),
    primaries: () => cluster.nodes('master'),
    trouble: () => trouble,
  }
}

async function nodeAfterRefresh(cluster: Cluster, key: string): Promise<Redis> {
  await refresh(cluster)
  const node = nodeOf(cluster, key)
  if (node === undefined) throw new Error('CLUSTERDOWN no node is known for the slot')
  return node
}

function nodeOf(cluster: Cluster, key: string): Redis | undefined {
  return nodeAt(cluster, cluster.slots[new Command('exists', [key]).getSlot()]?.[0])
}

function nodeAt(cluster: Cluster, address: string | undefined): Redis | undefined {
  const node = cluster
    .nodes('all')
    .find(({ options }) => `${options.host ?? ''}:${options.port ?? 0}` === address)
  // A node whose connection ended is taken out of the pool; until then it only rejects.
  return node?.status === 'end' ? undefined : node
}

async function refresh(cluster: Cluster): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    cluster.refreshSlotsCache((error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}
