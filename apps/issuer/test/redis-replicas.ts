import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateSecret } from '@workload-identity/core'
import {
  startRedisServer,
  type RedisProcess,
  type RedisServerOptions,
} from '@workload-identity/driver-redis/testing'
import { onTestFinished } from 'vitest'
import { createTestFolder, findFreePort, startIssuer, type IssuerProcess } from './issuer-process.ts'

/** Replicas that share a store, an admin-token file and an issuer URL. */
export interface ReplicasOnStore {
  /** Holds the admin-token file. */
  readonly folder: string
  readonly storeUrl: string
  /** The flags of every replica, besides `--store`. */
  readonly flags: readonly string[]
  /** Starts one more. */
  start(flags?: readonly string[], env?: Readonly<Record<string, string>>): Promise<IssuerProcess>
}

/** Replicas that share a Redis of their own. */
export interface Replicas extends ReplicasOnStore {
  readonly redis: RedisProcess
}

/** A Redis of a test, ended after it. */
export async function startTestRedis(options: RedisServerOptions = {}): Promise<RedisProcess> {
  const redis = await startRedisServer(options)
  onTestFinished(() => redis.stop())
  return redis
}

/** A folder with an admin-token file, as an operator makes one for all replicas. */
export async function createReplicaFolder(): Promise<string> {
  const folder = await createTestFolder()
  await writeFile(join(folder, 'admin-token'), `${generateSecret('admin')}\n`, { mode: 0o600 })
  return folder
}

/** Everything that replicas share; none is started yet. */
export async function createReplicas(options: RedisServerOptions = {}): Promise<Replicas> {
  const redis = await startTestRedis(options)
  return { redis, ...(await createReplicasOn(`redis://${redis.host}:${redis.port}`)) }
}

/** Everything that replicas on the Redis at `storeUrl` share; none is started yet. */
export async function createReplicasOn(storeUrl: string): Promise<ReplicasOnStore> {
  const folder = await createReplicaFolder()
  const issuerUrl = `http://127.0.0.1:${await findFreePort()}`
  const flags = ['--public-listen=127.0.0.1:0']
  return {
    ...{ folder, storeUrl, flags },
    start: (more = [], env = {}) =>
      startIssuer({ folder, issuerUrl, flags: [...flags, `--store=${storeUrl}`, ...more], env }),
  }
}
