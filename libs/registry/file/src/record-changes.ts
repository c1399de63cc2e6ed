import { dirname } from 'node:path'
import type { SecretHash } from '@workload-identity/core'
import {
  createDirectory,
  syncDirectory,
  type PrivateDirectory,
  type Turn,
  type TurnFiles,
} from '@workload-identity/driver-file'
import type { RecordFiles } from './record-files.ts'
import type { RegistryRecord } from './record-kinds.ts'

/*
 * Every change of a record has one moment at which it happens: the rename or removal of its file. The files named after
 * its secrets are made durable before, and those of secrets it no longer has are removed after, so that at every instant, also after a
 * crash, each secret of each record leads to it. What a crash leaves leads to a record that does not have the secret,
 * which is the same as nothing.
 */

/** The files to bring for storing `record`: itself, and a further name of it for each of `secrets`. */
export function recordFilesOf<T extends RegistryRecord>(
  files: RecordFiles<T>,
  record: T,
  secrets: readonly SecretHash[],
): TurnFiles {
  return {
    record: { content: files.format(record) },
    ...Object.fromEntries(secrets.map(({ sha256 }) => [sha256, { sameAs: 'record' }])),
  }
}

/** Stores a record that was brought with `secrets` of its own, in place of `stored`. Durable when it resolves. */
export async function putRecord<T extends RegistryRecord>(
  directory: PrivateDirectory,
  files: RecordFiles<T>,
  turn: Turn,
  id: string,
  { secrets, stored }: { readonly secrets: readonly SecretHash[]; readonly stored: T | undefined },
): Promise<void> {
  const path = files.pathOf(id)
  await createDirectory(directory.path, dirname(path))
  await putSecrets(directory, files, turn, secrets)
  await turn.put('record', path)
  await syncDirectory(dirname(path))
  const kept = new Set(secrets.map(({ sha256 }) => sha256))
  const dropped = stored?.secrets.filter(({ sha256 }) => !kept.has(sha256)) ?? []
  await removeSecrets(files, turn, id, dropped).catch(() => undefined)
}

/** Removes the record of `id`, which has those secrets. Durable when it resolves. */
export async function removeRecord<T>(
  files: RecordFiles<T>,
  turn: Turn,
  id: string,
  secrets: readonly SecretHash[],
): Promise<void> {
  const path = files.pathOf(id)
  await turn.remove(path)
  await syncDirectory(dirname(path))
  await removeSecrets(files, turn, id, secrets).catch(() => undefined)
}

/** Makes each of the secrets lead to the record that was brought. Durable when it resolves. */
export async function putSecrets<T>(
  directory: PrivateDirectory,
  files: RecordFiles<T>,
  turn: Turn,
  secrets: readonly SecretHash[],
): Promise<void> {
  const hashes = new Set(secrets.map(({ sha256 }) => sha256))
  for (const sha256 of hashes) {
    const path = files.secretPathOf(sha256)
    await createDirectory(directory.path, dirname(path))
    await turn.put(sha256, path)
    await syncDirectory(dirname(path))
  }
}

async function removeSecrets<T>(
  files: RecordFiles<T>,
  turn: Turn,
  id: string,
  secrets: readonly SecretHash[],
): Promise<void> {
  for (const { sha256 } of secrets) {
    if (files.readOwner(sha256) === id) await turn.remove(files.secretPathOf(sha256))
  }
}
