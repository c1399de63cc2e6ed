import type {
  EndedAssignments,
  KeyStore,
  RegistryIdentity,
  RunnerRegistry,
  SandboxRegistry,
} from '@workload-identity/core'

/** The stores of one engine, opened. */
export interface Stores {
  readonly keyStore: KeyStore
  readonly registryIdentity: RegistryIdentity
  /** Makes the registry of sandboxes that belongs to the ring with that registry ID. */
  createSandboxRegistry(registryId: () => string): SandboxRegistry
  /** Makes the registry of runners that belongs to the ring with that registry ID. */
  createRunnerRegistry(registryId: () => string): RunnerRegistry
  /** The notes about ended assignments, of whatever registry; no copy takes them along. */
  readonly endedAssignments: EndedAssignments
  /** Whether other issuers use it at the same time, so that much is changed by others. */
  readonly isShared: boolean
  /** Closes what was opened. */
  close(): Promise<void> | void
}
