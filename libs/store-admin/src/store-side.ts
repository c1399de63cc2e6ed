import {
  createKeyEncryption,
  NO_SEALING,
  openStoredRing,
  proveRing,
  sealRunnerRegistry,
  sealSandboxRegistry,
  type KeyRing,
  type RingEncryption,
  type RunnerRegistry,
  type SandboxRegistry,
  type Sealing,
} from '@workload-identity/core'
import type { Stores } from './stores.ts'

/** Opened stores and how they are sealed. */
export interface StoreSide {
  readonly stores: Stores
  /** Absent = not sealed. */
  readonly sealing?: Sealing
}

/** Both registries of a ring. */
export interface Registries {
  readonly sandboxes: SandboxRegistry
  readonly runners: RunnerRegistry
}

/** What opens and seals the ring of a side. */
export function encryptionOf({ sealing = NO_SEALING }: StoreSide): RingEncryption {
  return createKeyEncryption(sealing)
}

/**
 * The ring of a side, its keys proved; `undefined` when there is none.
 *
 * @throws {IssuerError} those of `KeyStore`, of unsealing, decoding and proving.
 */
export async function loadRing(side: StoreSide): Promise<KeyRing | undefined> {
  const stored = await side.stores.keyStore.load()
  if (stored === undefined) return undefined
  const ring = await openStoredRing(stored, encryptionOf(side))
  await proveRing(ring)
  return ring
}

/** The registries of a side that belong to a ring; what they give is proved when the side is sealed. */
export function registriesOf(
  { stores, sealing = NO_SEALING }: StoreSide,
  { registry_id: id, cluster_id: clusterId }: Pick<KeyRing, 'registry_id' | 'cluster_id'>,
): Registries {
  const registryId = () => id
  const options = { sealing, clusterId, registryId }
  return {
    sandboxes: sealSandboxRegistry(stores.createSandboxRegistry(registryId), options),
    runners: sealRunnerRegistry(stores.createRunnerRegistry(registryId), options),
  }
}
