import type { ServerFinding } from '@workload-identity/driver-redis'
import { StartRefusedError } from '@workload-identity/service'
import { openStores as openStoresOf, type Stores } from '@workload-identity/store-admin'
import type { Logger } from 'pino'
import type { IssuerConfig } from '../config.ts'
import { readRedisCredentials } from '../redis-credentials.ts'

/** What of the configuration decides about the stores. */
export type StoresConfig = Pick<IssuerConfig, 'store' | 'clusterId' | 'redis' | 'allowNetworkFileSystem'>

/**
 * Opens the stores of the configured engine. Whoever calls it closes them. A Redis that may delete keys is refused unless
 * that is allowed; everything else an operator should know about one goes to the log.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE`, `ERR_STORE_CORRUPT`, `ERR_STORE_FOREIGN`, `ERR_STORE_SCHEMA_NEWER`.
 * @throws {StartRefusedError} for a Redis that is not fit for keys, with reason and cure.
 */
export async function openStores(
  { store, clusterId, allowNetworkFileSystem, redis }: StoresConfig,
  logger: Logger,
): Promise<Stores> {
  return openStoresOf({
    store,
    allowNetworkFileSystem,
    ...(clusterId !== undefined && { clusterId }),
    ...(store.engine === 'redis' && { redis: { prefix: redis.prefix, ...readRedisCredentials(redis) } }),
    onFinding(finding) {
      judge(finding, redis.allowVolatile, logger)
    },
  })
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
