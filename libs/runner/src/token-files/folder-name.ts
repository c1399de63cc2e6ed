import { createHash } from 'node:crypto'

/** The name of the folder of a sandbox: `sandboxDirectoryName` of core for those who cannot wait for it. */
export function folderNameOf(sandboxId: string): string {
  return createHash('sha256').update(sandboxId).digest('base64url')
}
