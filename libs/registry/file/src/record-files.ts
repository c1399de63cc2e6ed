import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { IssuerError } from '@workload-identity/core'
import {
  formatCheckedText,
  parseCheckedText,
  readPrivateFile,
  systemCode,
  toFileError,
  type PrivateDirectory,
} from '@workload-identity/driver-file'
import type { RecordKind, RegistryRecord } from './record-kinds.ts'

/** The files of the records of one kind. Reading blocks, for as long as some small files in the cache take. */
export interface RecordFiles<T> {
  /** The record with that ID, expired or not. */
  read(id: string): T | undefined
  /** The ID that the file named after a secret gives; only a hint, the record says whether it has the secret. */
  readOwner(sha256: string): string | undefined
  /** Every record, in no order, without blocking in between. Such as come and go meanwhile may be missing. */
  scan(): AsyncIterable<RecordFile>
  /** Every hash of a secret that a file is named after, likewise. */
  scanSecrets(): AsyncIterable<string>
  /** The record in the file at `path`; `undefined` when it is gone. */
  readAt(path: string): T | undefined
  pathOf(id: string): string
  secretPathOf(sha256: string): string
  format(record: T): string
}

/** Where a record is. */
export interface RecordFile {
  readonly path: string
}

const MAX_RECORD_BYTES = 1024 * 1024
const VERSION = 1

/** The files in `directory` of the records of one kind. */
export function createRecordFiles<T extends RegistryRecord>(
  { path: root }: PrivateDirectory,
  kind: RecordKind<T>,
): RecordFiles<T> {
  const expected = { format: kind.format, version: VERSION }
  // IDs may hold a slash or differ by case only, which not every file system keeps apart.
  const pathOf = (id: string) =>
    join(root, kind.folder, ...shardedName(createHash('sha256').update(id).digest('hex')))
  const secretPathOf = (sha256: string) => join(root, kind.secretsFolder, ...shardedName(sha256))
  const readAny = (path: string): Identified<T> | undefined => {
    const content = readPrivateFile(path, MAX_RECORD_BYTES)
    if (content === undefined) return undefined
    return parse(parseCheckedText(content, expected, path).text, kind, path)
  }
  const readAt = (path: string): T | undefined => {
    const found = readAny(path)
    if (found !== undefined && pathOf(found.id) !== path) throw unreadable(path, kind.noun)
    return found?.record
  }
  return {
    readAt,
    pathOf,
    secretPathOf,
    read: (id) => readAt(pathOf(id)),
    readOwner: (sha256) => readAny(secretPathOf(sha256))?.id,
    format: (record) => formatCheckedText({ ...expected, facts: {}, text: JSON.stringify(record) }),
    async *scan() {
      for await (const { path } of scanShards(join(root, kind.folder))) yield { path }
    },
    async *scanSecrets() {
      for await (const { name } of scanShards(join(root, kind.secretsFolder))) yield name
    },
  }
}

/** Whether `text` can be the SHA-256 of a secret, and so the name of a file. */
export function isSecretHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}

function shardedName(hash: string): [shard: string, name: string] {
  return [hash.slice(0, 2), hash]
}

async function* scanShards(folder: string) {
  for (const shard of listOrEmpty(folder)) {
    for (const name of listOrEmpty(join(folder, shard))) yield { name, path: join(folder, shard, name) }
    await breathe()
  }
}

function listOrEmpty(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]{2}$|^[0-9a-f]{64}$/.test(name))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw toFileError(error, 'list the folder', folder)
  }
}

interface Identified<T> {
  readonly id: string
  readonly record: T
}

// The checksum says that this is what was written; the shape only has to be what the code goes by.
function parse<T extends RegistryRecord>(text: string, kind: RecordKind<T>, path: string): Identified<T> {
  const record = JSON.parse(text) as Partial<T>
  const id = kind.idOf(record)
  const isRecord = Array.isArray(record.secrets) && Number.isSafeInteger(record.revision)
  if (typeof id !== 'string' || !isRecord) throw unreadable(path, kind.noun)
  return { id, record: record as T }
}

function unreadable(path: string, noun: string): IssuerError {
  const reason = `it is not the record of the ${noun} it is named after; restore it from a backup, or remove it to end that ${noun}`
  return new IssuerError('ERR_STORE_CORRUPT', `cannot use ${path}: ${reason}`, { details: { path } })
}
