// What the races and crash trials of the contracts open, in processes of their own.
import type { KeyStore } from '@workload-identity/core'
import { killAtFileSystemStep, type Opened } from '@workload-identity/contracts/trials'
import { openPrivateDirectory } from '@workload-identity/driver-file'
import { createFileKeyStore } from './index.ts'

export const killAtStep = killAtFileSystemStep

export async function openKeyStore(location: string): Promise<Opened<KeyStore>> {
  const directory = openPrivateDirectory({ path: location })
  return { handle: createFileKeyStore({ directory }), close: async () => undefined }
}
