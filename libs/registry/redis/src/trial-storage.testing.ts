// What the races and crash trials of the contracts open, in processes of their own.
import type { RegistryHandles } from '@workload-identity/contracts'
import type { Opened, TrialServer } from '@workload-identity/contracts/trials'
import { killAtRedisStep, openTrialClient, startTrialRedis } from '@workload-identity/driver-redis/testing'
import {
  createRedisRegistryIdentity,
  createRedisRunnerRegistry,
  createRedisSandboxRegistry,
} from './index.ts'

export const killAtStep = killAtRedisStep

export async function startServer(): Promise<TrialServer> {
  return startTrialRedis()
}

export async function openRegistry(
  location: string,
  registryId: () => string,
): Promise<Opened<RegistryHandles>> {
  const { client, clusterId } = await openTrialClient(location)
  const handle = {
    identity: createRedisRegistryIdentity({ client, clusterId }),
    sandboxes: createRedisSandboxRegistry({ client, clusterId, registryId }),
    runners: createRedisRunnerRegistry({ client, clusterId, registryId }),
  }
  return { handle, close: () => client.close() }
}
