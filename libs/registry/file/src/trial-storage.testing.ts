// What the races and crash trials of the contracts open, in processes of their own.
import type { RegistryHandles } from '@workload-identity/contracts'
import { killAtFileSystemStep, type Opened } from '@workload-identity/contracts/trials'
import { openPrivateDirectory } from '@workload-identity/driver-file'
import { createFileRegistryIdentity, createFileRunnerRegistry, createFileSandboxRegistry } from './index.ts'

export const killAtStep = killAtFileSystemStep

export async function openRegistry(
  location: string,
  registryId: () => string,
): Promise<Opened<RegistryHandles>> {
  const directory = openPrivateDirectory({ path: location })
  const handle = {
    identity: createFileRegistryIdentity({ directory }),
    sandboxes: createFileSandboxRegistry({ directory, registryId }),
    runners: createFileRunnerRegistry({ directory, registryId }),
  }
  return { handle, close: async () => undefined }
}
