import { unixSeconds, type SandboxRecord } from '@workload-identity/core'
import { createRedisClient, type RedisClient } from '@workload-identity/driver-redis'
import type { RedisProcess } from '@workload-identity/driver-redis/testing'
import { onTestFinished } from 'vitest'
import {
  createRedisRegistryIdentity,
  createRedisRunnerRegistry,
  createRedisSandboxRegistry,
} from './index.ts'

/** The moment at which the tests happen. */
export const NOW = unixSeconds(1_767_225_600)

/** A client of a server, closed when the running test ends. */
export async function openClient(
  server: RedisProcess,
  credentials: { readonly username?: string; readonly password?: string } = {},
): Promise<RedisClient> {
  const client = createRedisClient({ address: { kind: 'single', server, db: 0, tls: false }, ...credentials })
  onTestFinished(() => client.close())
  await client.connect()
  return client
}

/** The registries of a cluster, whose ID `registry-1` was claimed. */
export async function openRegistry(client: RedisClient, clusterId: string) {
  const options = { client, clusterId, registryId: () => 'registry-1' }
  const identity = createRedisRegistryIdentity(options)
  await identity.claim('registry-1')
  return {
    identity,
    sandboxes: createRedisSandboxRegistry(options),
    runners: createRedisRunnerRegistry(options),
  }
}

/** The hash, told apart by `label`, of a secret nobody knows. */
export function hash(label: number): string {
  return label.toString(16).padStart(64, '0')
}

/** A minimal sandbox with the secrets of those labels. */
export function sandbox(
  sandbox_id: string,
  secrets: readonly number[],
  changes: Partial<SandboxRecord> = {},
): SandboxRecord {
  return {
    sandbox_id,
    app: '',
    secrets: secrets.map((label) => ({ sha256: hash(label) })),
    created_at: NOW,
    revision: 1,
    ...changes,
  }
}
