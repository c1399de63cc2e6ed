import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registryContract, sealedRegistryContract, type RegistryHarness } from '@workload-identity/contracts'
import { openPrivateDirectory } from '@workload-identity/driver-file'
import { createFileRegistryIdentity, createFileRunnerRegistry, createFileSandboxRegistry } from './index.ts'

async function createHarness(): Promise<RegistryHarness> {
  const folder = mkdtempSync(join(tmpdir(), 'wid-registry-'))
  const path = join(folder, 'registry')
  return {
    open: async (registryId) => {
      const directory = openPrivateDirectory({ path })
      return {
        identity: createFileRegistryIdentity({ directory }),
        sandboxes: createFileSandboxRegistry({ directory, registryId }),
        runners: createFileRunnerRegistry({ directory, registryId }),
      }
    },
    wipe: async () => {
      for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true })
    },
    makeUnavailable: async () => renameSync(path, join(folder, 'elsewhere')),
    destroy: async () => rmSync(folder, { recursive: true }),
  }
}

registryContract('a folder', createHarness)
sealedRegistryContract('a folder', createHarness)
