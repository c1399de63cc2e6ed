import { isLoopbackHost } from '@workload-identity/core'
import type { Redis } from 'ioredis'
import { sendTogether } from './commands.ts'
import { entryPoints, formatRedisAddress, type RedisAddress } from './redis-address.ts'
import { configValue, infoField } from './server-info.ts'

/** Something about the servers an operator should know before relying on them. */
export interface ServerFinding {
  readonly id: 'eviction' | 'persistence' | 'plaintext'
  /** `refuse`: keys would be lost; `warn`: they could be; `unknown`: it cannot be seen, which does not make it fine. */
  readonly severity: 'refuse' | 'warn' | 'unknown'
  /** `<host>:<port>` of the server, or the address when it is about the connection. */
  readonly server: string
  readonly reason: string
  readonly cure: string
}

/** What a server says of itself; absent = it does not tell. */
export interface ServerSettings {
  readonly maxmemoryPolicy?: string
  readonly appendonly?: string
  readonly appendfsync?: string
  readonly save?: string
  readonly hasReplicas?: boolean
}

const forbidden = 'grant the user CONFIG GET (ACL: +config|get), or see to the setting yourself'

/** The findings about every primary and about the connection to them. */
export async function inspectServers(
  nodes: readonly Redis[],
  address: RedisAddress,
): Promise<readonly ServerFinding[]> {
  const perServer = await Promise.all(
    nodes.map(async (node) => assessSettings(await readSettings(node), nameOf(node))),
  )
  return [...assessAddress(address), ...perServer.flat()]
}

/** What the address itself tells: whether passwords, keys and records travel in the clear. */
export function assessAddress(address: RedisAddress): readonly ServerFinding[] {
  if (address.tls || entryPoints(address).every(({ host }) => isLoopback(host))) return []
  return [
    {
      id: 'plaintext',
      severity: 'warn',
      server: formatRedisAddress(address),
      reason: 'password, key ring and records travel unencrypted beyond this host',
      cure: 'use rediss://',
    },
  ]
}

/** What the settings of one server tell. */
export function assessSettings(settings: ServerSettings, server: string): readonly ServerFinding[] {
  return [assessEviction(settings), assessPersistence(settings)].flatMap((finding) =>
    finding === undefined ? [] : [{ ...finding, server }],
  )
}

type Assessment = Omit<ServerFinding, 'server'> | undefined

function assessEviction({ maxmemoryPolicy }: ServerSettings): Assessment {
  if (maxmemoryPolicy === 'noeviction') return undefined
  if (maxmemoryPolicy === undefined) {
    return {
      id: 'eviction',
      severity: 'unknown',
      reason: 'the server does not tell whether it deletes keys when its memory is full',
      cure: forbidden,
    }
  }
  return {
    id: 'eviction',
    severity: 'refuse',
    reason: `the server deletes keys when its memory is full (maxmemory-policy ${maxmemoryPolicy})`,
    cure: 'set maxmemory-policy noeviction, or use another Redis',
  }
}

function assessPersistence({ appendonly, appendfsync, save, hasReplicas }: ServerSettings): Assessment {
  const id = 'persistence'
  if (appendonly === 'yes') {
    if (appendfsync === 'always') return undefined
    if (appendfsync === undefined) {
      const reason = 'the server does not tell how often it writes its log to disk (appendfsync)'
      return { id, severity: 'unknown', reason, cure: forbidden }
    }
    // A second copy in another process outlives the power failure that a second of log does not.
    if (appendfsync === 'everysec' && hasReplicas === true) return undefined
    const lost = appendfsync === 'everysec' ? 'the last second' : 'half a minute'
    const reason = `a power failure loses ${lost} of changes (appendfsync ${appendfsync})`
    return { id, severity: 'warn', reason, cure: 'set appendfsync always' }
  }
  if (appendonly === undefined) {
    const reason = 'the server does not tell whether it keeps its data on disk'
    return { id, severity: 'unknown', reason, cure: forbidden }
  }
  const reason =
    save === ''
      ? 'the server keeps nothing on disk: a restart loses keys and registry'
      : 'the server keeps snapshots only: a restart loses what changed since the last one'
  return { id, severity: 'warn', reason, cure: 'set appendonly yes and appendfsync always' }
}

async function readSettings(node: Redis): Promise<ServerSettings> {
  const names = ['maxmemory-policy', 'appendonly', 'appendfsync', 'save'] as const
  const outcomes = await sendTogether(node, [
    ...names.map((name) => ['CONFIG', 'GET', name] as const),
    ['INFO', 'memory'],
    ['INFO', 'persistence'],
    ['INFO', 'replication'],
  ])
  const [policy, appendonly, appendfsync, save, memory, persistence, replication] = outcomes
  const aof = infoField(persistence, 'aof_enabled')
  const replicas = infoField(replication, 'connected_slaves')
  return withoutUndefined({
    maxmemoryPolicy: configValue(policy) ?? infoField(memory, 'maxmemory_policy'),
    appendonly: configValue(appendonly) ?? (aof === undefined ? undefined : aof === '1' ? 'yes' : 'no'),
    appendfsync: configValue(appendfsync),
    save: configValue(save),
    hasReplicas: replicas === undefined ? undefined : replicas !== '0',
  })
}

function withoutUndefined(settings: {
  readonly [K in keyof ServerSettings]: ServerSettings[K] | undefined
}): ServerSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

function nameOf({ options }: Redis): string {
  return `${options.host ?? 'sentinel'}:${options.port ?? 0}`
}

function isLoopback(host: string): boolean {
  return host === '::1' || isLoopbackHost(host)
}
