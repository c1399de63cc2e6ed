import {
  fromMilliseconds,
  openKeyRing,
  DEFAULT_CLUSTER,
  type Clock,
  type OpenedKeyRing,
} from '@workload-identity/core'
import type { Stores } from '@workload-identity/store-admin'
import type { Logger } from 'pino'
import { openAdminTokens, type AdminTokens } from '../admin-tokens.ts'
import { noAuditLog, openAuditLog, type AuditLog } from '../audit-log.ts'
import type { IssuerConfig } from '../config.ts'
import { openStores } from './stores.ts'

/** Everything an issuer has to open before it can be wired. */
export interface IssuerState {
  readonly logger: Logger
  readonly clock: Clock
  readonly adminTokens: AdminTokens
  readonly auditLog: AuditLog
  readonly stores: Stores
  readonly opened: OpenedKeyRing
}

/** The clock of the machine; the only place that reads it. */
export const systemClock: Clock = () => fromMilliseconds(Date.now())

/**
 * Opens audit log, admin tokens, stores and key ring, in this order: a mistake in the configuration shows before a first
 * key is made. Closes again what it opened when something fails.
 *
 * @throws {ConfigurationError} for files that cannot be used.
 * @throws {StartRefusedError} for stores that are not fit for keys.
 * @throws {IssuerError} those of the stores and of `openKeyRing`.
 */
export async function openState(
  config: IssuerConfig,
  logger: Logger,
  clock = systemClock,
): Promise<IssuerState> {
  const auditLog =
    config.auditLog === undefined ? noAuditLog : openAuditLog({ path: config.auditLog, clock, logger })
  let stores: Stores | undefined
  try {
    const adminTokens = openAdminTokens({
      path: config.adminTokenFile,
      // Replicas share one file, and it is not one of them that decides what is in it.
      createWhenMissing: config.store.engine !== 'redis',
      logger,
    })
    stores = await openStores(config, logger)
    const opened = await openKeyRing(
      { keyStore: stores.keyStore, registry: stores.registryIdentity, clock },
      {
        clusterId: config.clusterId ?? DEFAULT_CLUSTER,
        issuerUrl: config.issuerUrl,
        requireKeys: config.requireKeys,
        specification: config.signingAlgorithm,
      },
    )
    return { logger, clock, adminTokens, auditLog, stores, opened }
  } catch (error) {
    await stores?.close()
    auditLog.close()
    throw error
  }
}
