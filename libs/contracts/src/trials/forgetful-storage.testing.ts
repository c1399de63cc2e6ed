// A key store that acknowledges what it has not written yet; the trials must find it out.
import { mkdir, writeFile, rename } from 'node:fs/promises'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyStore, StoredKeyRing } from '@workload-identity/core'
import type { Opened } from './trial-storage.ts'

/** Writes every third ring, and all of them only when it is closed. */
export async function openKeyStore(location: string): Promise<Opened<KeyStore>> {
  await mkdir(location, { recursive: true })
  const path = join(location, 'ring.json')
  let ring = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as StoredKeyRing) : undefined
  const flush = async () => {
    await writeFile(`${path}.new`, JSON.stringify(ring))
    await rename(`${path}.new`, path)
  }
  return {
    handle: {
      load: async () => ring,
      async save(next) {
        ring = next
        if (next.generation % 3 === 0) await flush()
      },
    },
    close: flush,
  }
}
