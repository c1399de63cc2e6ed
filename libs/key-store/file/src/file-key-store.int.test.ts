import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keyStoreContract } from '@workload-identity/contracts'
import { openPrivateDirectory } from '@workload-identity/driver-file'
import { createFileKeyStore } from './index.ts'

keyStoreContract('createFileKeyStore', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wid-key-store-'))
  const path = join(folder, 'keys')
  return {
    open: async () => createFileKeyStore({ directory: openPrivateDirectory({ path }) }),
    makeUnavailable: async () => renameSync(path, join(folder, 'elsewhere')),
    destroy: async () => rmSync(folder, { recursive: true }),
  }
})
