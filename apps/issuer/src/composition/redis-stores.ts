import { DEFAULT_CLUSTER, IssuerError, isIssuerError } from '@workload-identity/core'
import {
  createRedisClient,
  parseRedisUrl,
  type RedisClient,
  type ServerFinding,
} from '@workload-identity/driver-redis'
import { createRedisKeyStore } from '@workload-identity/key-store-redis'
import { createRedisRegistryIdentity, createRedisSandboxRegistry } from '@workload-identity/registry-redis'
import type { Logger } from 'pino'
import type { IssuerConfig } from '../config.ts'
import { readRedisCredentials } from '../redis-credentials.ts'
import { StartRefusedError } from '../start-failure.ts'
import type { Stores } from './opened-stores.ts'

/** What of the configuration decides about stores in Redis. */
export type RedisStoresConfig = Pick<IssuerConfig, 'clusterId' | 'redis'>

/**
 * Opens the stores in the Redis at `url`: connects, and looks at how the servers are set up. One that may delete keys is
 * refused unless that is allowed; everything else an operator should know goes to the log.
 *
 * @throws {StartRefusedError} with reason and cure. @throws {IssuerError} `ERR_STORE_UNAVAILABLE`.
 */
export async function openRedisStores(
  url: string,
  { clusterId = DEFAULT_CLUSTER, redis }: RedisStoresConfig,
  logger: Logger,
): Promise<Stores> {
  const client = createRedisClient({ ...parseRedisUrl(url), ...readRedisCredentials(redis) })
  try {
    await connect(client)
    for (const finding of await client.inspect()) judge(finding, redis.allowVolatile, logger)
  } catch (error) {
    await client.close()
    throw error
  }
  const naming = { client, clusterId, prefix: redis.prefix }
  return {
    keyStore: createRedisKeyStore(naming),
    registryIdentity: createRedisRegistryIdentity(naming),
    createSandboxRegistry: (registryId) => createRedisSandboxRegistry({ ...naming, registryId }),
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

function judge(
  { id, severity, server, reason, cure }: ServerFinding,
  allowVolatile: boolean,
  logger: Logger,
) {
  if (severity === 'refuse' && !allowVolatile) {
    throw new StartRefusedError(
      `the Redis ${server} is no place for keys: ${reason}; ${cure} (--allow-volatile-store accepts it as it is)`,
    )
  }
  logger.warn({ server, finding: id, severity, cure }, `redis: ${reason}`)
}
