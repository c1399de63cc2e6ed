import {
  fromMilliseconds,
  isIssuerError,
  openKeyRing,
  seconds,
  DEFAULT_CLUSTER,
  type Clock,
  type OpenedKeyRing,
  type Seconds,
} from '@workload-identity/core'
import { assertCanListen } from '@workload-identity/transport-http'
import type { Logger } from 'pino'
import { readKeysFolder, type KeysFolder } from '../adopt-keys-folder.ts'
import { assertAdopted, nothingToAdopt, summarizeKeys, toAdoption, type AdoptedKey } from '../adopt-keys.ts'
import { openAdminTokens, type AdminTokens } from '../admin-tokens.ts'
import { noAuditLog, openAuditLog, type AuditLog } from '../audit-log.ts'
import type { IssuerConfig } from '../config.ts'
import { openSealing } from '../open-sealing.ts'
import { sealStores, type SealedStores } from './sealed-stores.ts'
import { openStores } from './stores.ts'

/** Everything an issuer has to open before it can be wired. */
export interface IssuerState {
  readonly logger: Logger
  readonly clock: Clock
  /** A clock that nobody sets: seconds since any moment. */
  readonly monotonic: () => Seconds
  readonly adminTokens: AdminTokens
  readonly auditLog: AuditLog
  readonly stores: SealedStores
  readonly opened: OpenedKeyRing
  /** The keys in the folder to adopt from; none without one. */
  readonly adoptedKeys: readonly AdoptedKey[]
}

/** The clock of the machine; the only place that reads it. */
export const systemClock: Clock = () => fromMilliseconds(Date.now())

/** Whole seconds that the process runs; no setting of the clock changes them. */
export const systemMonotonic = (): Seconds => seconds(Math.floor(performance.now() / 1000))

/**
 * Reads the keys to adopt and those that seal, opens audit log and admin tokens, tries the addresses to listen on, and opens stores and key
 * ring, in this order: a mistake in the configuration and a busy port show before a first key is made. Closes again what it opened when something fails.
 *
 * @throws {ConfigurationError} for files that cannot be used.
 * @throws {ListenError} for an address that cannot be had.
 * @throws {StartRefusedError} for stores that are not fit for keys.
 * @throws {IssuerError} those of the stores and of `openKeyRing`.
 */
export async function openState(
  config: IssuerConfig,
  logger: Logger,
  clock = systemClock,
  monotonic = systemMonotonic,
): Promise<IssuerState> {
  const folder = config.adoptKeys === undefined ? undefined : await readKeysFolder(config.adoptKeys)
  const auditLog =
    config.auditLog === undefined ? noAuditLog : openAuditLog({ path: config.auditLog, clock, logger })
  let stores: SealedStores | undefined
  try {
    const adminTokens = openAdminTokens({
      path: config.adminTokenFile,
      // Replicas share one file, and it is not one of them that decides what is in it.
      createWhenMissing: config.store.engine !== 'redis',
      logger,
    })
    // A first ring belongs to the issuer URL for good, so none is made for an issuer that could not serve it.
    await assertCanListen([config.publicListen, config.tokenListen, config.controlListen])
    const sealing = await openSealing(config.sealing)
    const clusterId = config.clusterId ?? DEFAULT_CLUSTER
    stores = sealStores(await openStores(config, logger), { sealing, clusterId, logger })
    const opened = await openRing(config, folder, stores, clock)
    const adoptedKeys = folder === undefined ? [] : summarizeKeys(folder)
    return { logger, clock, monotonic, adminTokens, auditLog, stores, opened, adoptedKeys }
  } catch (error) {
    await stores?.close()
    auditLog.close()
    throw error
  }
}

async function openRing(
  config: IssuerConfig,
  folder: KeysFolder | undefined,
  { keyStore, registryIdentity: registry }: SealedStores,
  clock: Clock,
): Promise<OpenedKeyRing> {
  const adoption = folder && toAdoption(folder, config.adoptMode)
  try {
    const opened = await openKeyRing(
      { keyStore, registry, clock },
      {
        clusterId: config.clusterId ?? DEFAULT_CLUSTER,
        issuerUrl: config.issuerUrl,
        ...(config.announceIssuer !== undefined && { announceIssuer: config.announceIssuer }),
        ...(config.moveIssuerFrom !== undefined && { moveIssuerFrom: config.moveIssuerFrom }),
        keepRetired: config.rotation.keepRetired,
        // Whoever names a folder to adopt from does not want a key made up when there is none in it.
        requireKeys: config.requireKeys || (folder !== undefined && adoption === undefined),
        specification: config.signingAlgorithm,
        ...(adoption !== undefined && { adoption }),
      },
    )
    if (folder !== undefined) assertAdopted(opened.ring, folder)
    return opened
  } catch (error) {
    const isNothing = folder !== undefined && adoption === undefined && !config.requireKeys
    throw isNothing && isIssuerError(error, 'ERR_STORE_EMPTY') ? nothingToAdopt(folder) : error
  }
}
