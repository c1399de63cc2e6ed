import { describeContract, type ContractCase } from './contract-case.ts'
import type { RegistryHarness } from './registry-harness.ts'
import { registryIdentityCases } from './registry-identity-cases.ts'
import { registryLossCases } from './registry-loss-cases.ts'
import { runnerRegistryCases } from './runner-registry-cases.ts'
import { sandboxBatchCases } from './sandbox-batch-cases.ts'
import { sandboxExpiryCases } from './sandbox-expiry-cases.ts'
import { sandboxListCases } from './sandbox-list-cases.ts'
import { sandboxRegistryCases } from './sandbox-registry-cases.ts'
import { sandboxSecretCases } from './sandbox-secret-cases.ts'

/** Every sentence of the `RegistryIdentity`, `SandboxRegistry` and `RunnerRegistry` ports as a named case. */
export const registryCases: readonly ContractCase<RegistryHarness>[] = [
  ...registryIdentityCases,
  ...registryLossCases,
  ...sandboxRegistryCases,
  ...sandboxBatchCases,
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
