import {
  createKeyEncryption,
  isIssuerError,
  sealKeyStore,
  sealRunnerRegistry,
  sealSandboxRegistry,
  type KeyStore,
  type ResealRecords,
  type RingEncryption,
  type Sealing,
} from '@workload-identity/core'
import type { Stores } from '@workload-identity/store-admin'
import type { Logger } from 'pino'
import { observeStore } from '../observe-store.ts'

/** Stores whose ring and records are sealed, and what it takes to seal what is there anew. */
export interface SealedStores extends Stores {
  readonly sealing: Sealing
  readonly encryption: RingEncryption
  /** The key store as it is, with sealed documents. */
  readonly bareKeyStore: KeyStore
  /** The registries of the ring with that registry ID, for sealing their records anew: those that were made last, if any. */
  createResealers(registryId: () => string): readonly ResealRecords[]
  /** Tells of a record that is refused because of its seal; of anything else it does not. */
  readonly alarm: (error: unknown) => void
}

/** How often the same alarm is told, in milliseconds. */
const ALARM_PAUSE_MS = 10_000

/** Seals what goes into stores, and proves what comes out; whatever fails is an error in the log. */
export function sealStores(
  stores: Stores,
  {
    sealing,
    clusterId,
    logger,
  }: { readonly sealing: Sealing; readonly clusterId: string; readonly logger: Logger },
): SealedStores {
  const encryption = createKeyEncryption(sealing)
  const alarm = createSealAlarm(logger)
  const sandboxes = (registryId: () => string) =>
    sealSandboxRegistry(stores.createSandboxRegistry(registryId), { sealing, clusterId, registryId })
  const runners = (registryId: () => string) =>
    sealRunnerRegistry(stores.createRunnerRegistry(registryId), { sealing, clusterId, registryId })
  const served: { sandboxes?: ReturnType<typeof sandboxes>; runners?: ReturnType<typeof runners> } = {}
  return {
    ...stores,
    sealing,
    encryption,
    alarm,
    bareKeyStore: stores.keyStore,
    keyStore: sealKeyStore(stores.keyStore, encryption),
    createSandboxRegistry: (registryId) => observeStore((served.sandboxes = sandboxes(registryId)), alarm),
    createRunnerRegistry: (registryId) => observeStore((served.runners = runners(registryId)), alarm),
    // What was seen of a record must count here, too: sealing one anew that was put back would make it the latest.
    createResealers: (registryId) => [
      served.sandboxes ?? sandboxes(registryId),
      served.runners ?? runners(registryId),
    ],
  }
}

/** Logs records that are refused because of their seal. Whoever can write the store must not be able to fill the disk. */
function createSealAlarm(logger: Logger): (error: unknown) => void {
  let [quietUntil, untold] = [0, 0]
  return (err) => {
    if (!isIssuerError(err, 'ERR_SEAL_BROKEN', 'ERR_SEAL_MISSING', 'ERR_SEAL_KEY_UNKNOWN')) return
    const now = performance.now()
    if (now < quietUntil) {
      untold += 1
      return
    }
    quietUntil = now + ALARM_PAUSE_MS
    logger.error(
      { err, id: err.details['id'], untold },
      'a record of the registry is refused because of its seal',
    )
    untold = 0
  }
}
