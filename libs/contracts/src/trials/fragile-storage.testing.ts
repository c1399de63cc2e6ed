// A key store as one would write it without thinking of crashes; the trials must find it out.
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { KeyStore, StoredKeyRing } from '@workload-identity/core'
import { killAtFileSystemStep } from './file-system-steps.ts'
import type { Opened } from './trial-storage.ts'

export const killAtStep = killAtFileSystemStep

/** Writes in place, and so holds half a ring for a moment. */
export async function openKeyStore(location: string): Promise<Opened<KeyStore>> {
  await mkdir(location, { recursive: true })
  const path = join(location, 'ring.json')
  return {
    handle: {
      load: async () =>
        existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StoredKeyRing) : undefined,
      async save(ring) {
        const file = await open(path, 'w')
        await file.writeFile(JSON.stringify(ring))
        await file.close()
      },
    },
    close: async () => undefined,
  }
}
