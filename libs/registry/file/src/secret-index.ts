import { isIssuerError, type SecretHash } from '@workload-identity/core'
import type { PrivateDirectory, Turns } from '@workload-identity/driver-file'
import { putSecrets, recordFilesOf } from './record-changes.ts'
import type { RecordFiles } from './record-files.ts'
import type { RegistryRecord } from './record-kinds.ts'

/**
 * Makes the files named after secrets agree with the records, which are the truth: after a restore without them, or when
 * somebody removed or damaged one. Records that cannot be read are left for whoever asks for them.
 */
export async function repairSecretIndex<T extends RegistryRecord>(
  directory: PrivateDirectory,
  files: RecordFiles<T>,
  turns: Turns,
): Promise<void> {
  for await (const { path } of files.scan()) {
    const record = readOrSkip(() => files.readAt(path))
    if (record === undefined || findStray(files, record).length === 0) continue
    await turns.take(recordFilesOf(files, record), async (turn) => {
      const current = files.readAt(path)
      // Changed meanwhile, and its secrets with it.
      if (current === undefined || current.revision !== record.revision) return
      await putSecrets(directory, files, turn, findStray(files, current))
    })
  }
}

/** The secrets of a record whose files do not lead to it, nor to another record that has them. */
function findStray<T extends RegistryRecord>(files: RecordFiles<T>, record: T): readonly SecretHash[] {
  return record.secrets.filter(({ sha256 }) => {
    const owner = readOrSkip(() => files.readOwner(sha256))
    const owning = owner === undefined ? undefined : readOrSkip(() => files.read(owner))
    return owning?.secrets.some((secret) => secret.sha256 === sha256) !== true
  })
}

function readOrSkip<T>(read: () => T | undefined): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isIssuerError(error, 'ERR_STORE_CORRUPT')) return undefined
    throw error
  }
}
