import { isIssuerError, type SecretHash } from '@workload-identity/core'
import type { PrivateDirectory, Turns } from '@workload-identity/driver-file'
import { putSecrets, recordFilesOf } from './record-changes.ts'
import type { RecordFiles } from './record-files.ts'
import type { RegistryRecord } from './record-kinds.ts'

/**
 * Makes the files named after secrets agree with the records, which are the truth: after a restore without them, when
 * somebody removed or damaged one, and after crashes. A record that cannot be read is left for whoever asks for it, and so
 * is every such file that might be its own.
 */
export async function repairSecretIndex<T extends RegistryRecord>(
  directory: PrivateDirectory,
  files: RecordFiles<T>,
  turns: Turns,
): Promise<void> {
  let damagedRecords = 0
  for await (const { path } of files.scan()) {
    const record = readSound(() => files.readAt(path))
    if (record === damaged) damagedRecords += 1
    if (record === undefined || record === damaged || missingOf(files, record).length === 0) continue
    await turns.take(recordFilesOf(files, record, record.secrets), async (turn) => {
      const current = files.readAt(path)
      // Changed meanwhile, and the files of its secrets with it.
      if (current?.revision === record.revision)
        await putSecrets(directory, files, turn, missingOf(files, current))
    })
  }
  for await (const sha256 of files.scanSecrets()) {
    const isStray = () => isStrayOf(leadOf(files, sha256), damagedRecords)
    if (!isStray()) continue
    // Harmless when it stays, as on a disk that is full or read-only.
    await turns
      .take({}, async (turn) => {
        if (isStray()) await turn.remove(files.secretPathOf(sha256))
      })
      .catch(() => undefined)
  }
}

/** Where the file named after a secret leads: to a record with it, to none with it, or that cannot be told. */
type Lead<T> = T | 'nowhere' | 'damaged file' | 'damaged record'

function leadOf<T extends RegistryRecord>(files: RecordFiles<T>, sha256: string): Lead<T> {
  const owner = readSound(() => files.readOwner(sha256))
  if (owner === damaged) return 'damaged file'
  const record = owner === undefined ? undefined : readSound(() => files.read(owner))
  if (record === damaged) return 'damaged record'
  return record !== undefined && findSecret(record, sha256) !== undefined ? record : 'nowhere'
}

/** The secrets of a record whose files lead elsewhere. Two may list one if its time is over for one of them: the longer counts. */
function missingOf<T extends RegistryRecord>(files: RecordFiles<T>, record: T): readonly SecretHash[] {
  return record.secrets.filter(({ sha256, valid_until = Infinity }) => {
    const lead = leadOf(files, sha256)
    return typeof lead === 'string' || (findSecret(lead, sha256)?.valid_until ?? Infinity) < valid_until
  })
}

function findSecret({ secrets }: RegistryRecord, sha256: string): SecretHash | undefined {
  return secrets.find((secret) => secret.sha256 === sha256)
}

function isStrayOf<T>(lead: Lead<T>, damagedRecords: number): boolean {
  // The files of all sound records lead to them by now.
  return lead === 'nowhere' || (lead === 'damaged file' && damagedRecords === 0)
}

/** In place of what cannot be read. */
const damaged = Symbol('damaged')

function readSound<R>(read: () => R | undefined): R | typeof damaged | undefined {
  try {
    return read()
  } catch (error) {
    if (isIssuerError(error, 'ERR_STORE_CORRUPT')) return damaged
    throw error
  }
}
