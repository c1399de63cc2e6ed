// What the races and crash trials of the contracts open, in processes of their own.
import type { KeyStore } from '@workload-identity/core'
import type { Opened, TrialServer } from '@workload-identity/contracts/trials'
import { killAtRedisStep, openTrialClient, startTrialRedis } from '@workload-identity/driver-redis/testing'
import { createRedisKeyStore } from './index.ts'

export const killAtStep = killAtRedisStep

export async function startServer(): Promise<TrialServer> {
  return startTrialRedis()
}

export async function openKeyStore(location: string): Promise<Opened<KeyStore>> {
  const { client, clusterId } = await openTrialClient(location)
  return { handle: createRedisKeyStore({ client, clusterId }), close: () => client.close() }
}
