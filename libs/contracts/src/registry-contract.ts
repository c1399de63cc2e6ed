import type { RegistryIdentity, RunnerRegistry, SandboxRegistry } from '@workload-identity/core'
import { describeContract, type ContractCase, type DisposableHarness } from './contract-case.ts'
import { registryIdentityCases } from './registry-identity-cases.ts'
import { registryLossCases } from './registry-loss-cases.ts'
import { runnerRegistryCases } from './runner-registry-cases.ts'
import { sandboxExpiryCases } from './sandbox-expiry-cases.ts'
import { sandboxListCases } from './sandbox-list-cases.ts'
import { sandboxRegistryCases } from './sandbox-registry-cases.ts'
import { sandboxSecretCases } from './sandbox-secret-cases.ts'

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

/** Every sentence of the `RegistryIdentity`, `SandboxRegistry` and `RunnerRegistry` ports as a named case. */
export const registryCases: readonly ContractCase<RegistryHarness>[] = [
  ...registryIdentityCases,
  ...registryLossCases,
  ...sandboxRegistryCases,
  ...sandboxSecretCases,
  ...sandboxExpiryCases,
  ...sandboxListCases,
  ...runnerRegistryCases,
]

/**
 * Registers the contract of the `RegistryIdentity`, `SandboxRegistry` and `RunnerRegistry` ports as Vitest tests for
 * the registry called `name`. Every registry passes all of it; there is nothing to turn off.
 */
export function registryContract(name: string, createHarness: () => Promise<RegistryHarness>): void {
  describeContract(`${name} as a registry`, registryCases, createHarness)
}
