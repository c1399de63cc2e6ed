import type { RegistryIdentity, RunnerRegistry, SandboxRegistry } from '@workload-identity/core'
import type { DisposableHarness } from './contract-case.ts'

/** The three ports of a registry, on one storage. */
export interface RegistryHandles {
  readonly identity: RegistryIdentity
  readonly sandboxes: SandboxRegistry
  readonly runners: RunnerRegistry
}

/** What a registry's tests give the contract: one empty storage and ways to reach it. */
export interface RegistryHarness extends DisposableHarness {
  /**
   * Other handles on the same storage, as a second process or a restart would open them. `registryId` gives the ID
   * that the key ring records; it is asked at every operation, never while opening, since the ID is claimed through
   * `identity` first.
   */
  open(registryId: () => string): Promise<RegistryHandles>
  /** The storage forgets everything, its registry ID too, as a flushed or replaced one has. Handles stay usable. */
  wipe(): Promise<void>
  /** From now on the storage cannot be reached or read, also through the handles opened before. */
  makeUnavailable(): Promise<void>
}
