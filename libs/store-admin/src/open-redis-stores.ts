import { DEFAULT_CLUSTER, IssuerError, isIssuerError } from '@workload-identity/core'
import { createRedisClient, parseRedisUrl, type RedisClient } from '@workload-identity/driver-redis'
import { createRedisKeyStore } from '@workload-identity/key-store-redis'
import {
  createRedisEndedAssignments,
  createRedisRegistryIdentity,
  createRedisRunnerRegistry,
  createRedisSandboxRegistry,
} from '@workload-identity/registry-redis'
import type { OpenStoresOptions } from './store-location.ts'
import type { Stores } from './stores.ts'

/**
 * Opens the stores in the Redis at `url`: connects, and tells `onFinding` how the servers are set up.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE`; whatever `onFinding` throws.
 */
export async function openRedisStores(
  url: string,
  { clusterId = DEFAULT_CLUSTER, redis = {}, onFinding }: Omit<OpenStoresOptions, 'store'>,
): Promise<Stores> {
  const { prefix, ...credentials } = redis
  const client = createRedisClient({ ...parseRedisUrl(url), ...credentials })
  try {
    await connect(client)
    if (onFinding !== undefined) (await client.inspect()).forEach(onFinding)
  } catch (error) {
    await client.close()
    throw error
  }
  const naming = { client, clusterId, ...(prefix !== undefined && { prefix }) }
  return {
    keyStore: createRedisKeyStore(naming),
    registryIdentity: createRedisRegistryIdentity(naming),
    createSandboxRegistry: (registryId) => createRedisSandboxRegistry({ ...naming, registryId }),
    createRunnerRegistry: (registryId) => createRedisRunnerRegistry({ ...naming, registryId }),
    endedAssignments: createRedisEndedAssignments(naming),
    isShared: true,
    close: () => client.close(),
  }
}

async function connect(client: RedisClient): Promise<void> {
  try {
    await client.connect()
  } catch (error) {
    if (!isIssuerError(error) || !(error.cause instanceof Error)) throw error
    // The words of the server or of TLS, which the driver has freed of secrets: at a start they are what is needed.
    throw new IssuerError(error.code, `${error.message} (${error.cause.message})`, {
      details: error.details,
      cause: error.cause,
    })
  }
}
