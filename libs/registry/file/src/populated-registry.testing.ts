import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixSeconds, type SandboxRecord, type SandboxRegistry } from '@workload-identity/core'
import { openPrivateDirectory } from '@workload-identity/driver-file'
import { onTestFinished } from 'vitest'
import { createFileRegistryIdentity, createFileSandboxRegistry } from './index.ts'

/** The moment at which the tests happen. */
export const NOW = unixSeconds(1_767_225_600)
/** The hash of a text in hexadecimal digits. */
export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
/** The hash of the secret of {@link first}. */
export const SECRET = sha256('secret')

/** A sandbox without secrets unless `changes` say so. */
export const sandbox = (sandbox_id: string, changes: Partial<SandboxRecord> = {}): SandboxRecord => ({
  sandbox_id,
  app: 'shop',
  secrets: [],
  created_at: NOW,
  revision: 1,
  ...changes,
})
/** The sandbox that a populated registry has. */
export const first = sandbox('a/b', { secrets: [{ sha256: SECRET }] })

/** Another handle on the registry in that folder, as after a restart. */
export function open(path: string): SandboxRegistry {
  return createFileSandboxRegistry({
    directory: openPrivateDirectory({ path }),
    registryId: () => 'registry-1',
  })
}

/** A registry with one sandbox, and the paths of its files. */
export async function populated() {
  const folder = mkdtempSync(join(tmpdir(), 'wid-registry-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  await createFileRegistryIdentity({ directory: openPrivateDirectory({ path: folder }) }).claim('registry-1')
  await open(folder).register(first, NOW)
  const hash = sha256('a/b')
  return {
    folder,
    record: join(folder, 'sandboxes', hash.slice(0, 2), hash),
    secret: join(folder, 'sandbox-secrets', SECRET.slice(0, 2), SECRET),
    identity: join(folder, 'registry-id'),
  }
}

/** The names of all files in a folder, at any depth. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort()
}
