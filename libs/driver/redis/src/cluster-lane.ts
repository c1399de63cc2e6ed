import { Cluster, Command, type Redis } from 'ioredis'
import { setTimeout as pause } from 'node:timers/promises'
import { clusterOptions } from './connection-options.ts'
import { redirectionOf } from './commands.ts'
import { tolerateLateErrors } from './late-errors.ts'
import { withDeadline, type Lane, type NodeWork } from './lane.ts'
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
    async connect() {
      if (cluster.status === 'ready') return
      await withDeadline(connectOnce(cluster), options.connectTimeoutMs)
    },
    close: () => closeCluster(cluster),
    run: (key, work) => withDeadline(redirect(key, work), options.commandTimeoutMs),
    primaries: () => cluster.nodes('master'),
    trouble: () => trouble,
  }
}

/** Ends every connection of the cluster and every attempt to make one. */
export async function closeCluster(cluster: Cluster): Promise<void> {
  if (cluster.status === 'end') return
  const ended = new Promise<void>((resolve) => cluster.once('end', () => resolve()))
  const isBetweenAttempts = cluster.status === 'reconnecting' || cluster.status === 'close'
  cluster.disconnect()
  if (!isBetweenAttempts) await ended
}

async function connectOnce(cluster: Cluster): Promise<void> {
  if (cluster.status === 'wait') return cluster.connect()
  await new Promise<void>((resolve, reject) => {
    const onReady = () => {
      cluster.off('close', onClose)
      resolve()
    }
    const onClose = () => {
      cluster.off('ready', onReady)
      reject(new Error('None of startup nodes is available'))
    }
    cluster.once('ready', onReady)
    cluster.once('close', onClose)
  })
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
