import { isIssuerError, type PageQuery, type RegistryPage, type UnixSeconds } from '@workload-identity/core'
import { createTurns } from '@workload-identity/driver-file'
import { putRecord, recordFilesOf, removeRecord } from './record-changes.ts'
import { createRecordFiles, isSecretHash, type RecordFiles } from './record-files.ts'
import { validSecrets, type RecordKind, type RegistryRecord } from './record-kinds.ts'
import { collectPage } from './record-page.ts'
import { conflictOf } from './record-refusals.ts'
import { assertRegistry, type FileRegistryOptions } from './registry-options.ts'
import { repairSecretIndex } from './secret-index.ts'

/** What both registries can do with their records. */
export interface RecordTable<T> {
  register(record: T, now: UnixSeconds): Promise<void>
  replace(record: T, now: UnixSeconds): Promise<void>
  findById(id: string, now: UnixSeconds): Promise<T | undefined>
  findBySecretHash(sha256: string, now: UnixSeconds): Promise<T | undefined>
  list(query: PageQuery, now: UnixSeconds, matches?: (record: T) => boolean): Promise<RegistryPage<T>>
  end(id: string, now: UnixSeconds): Promise<boolean>
  removeExpired(now: UnixSeconds, limit: number): Promise<number>
}

/** Removing is done in portions of this size, so that others get their turn. */
const PORTION = 50
const MAX_LOOKUPS = 10

/** The records of one kind and their secrets. Every operation first makes sure of the registry's ID. */
export function createRecordTable<T extends RegistryRecord>(
  options: FileRegistryOptions,
  kind: RecordKind<T>,
): RecordTable<T> {
  const { directory } = options
  const files = createRecordFiles(directory, kind)
  const turns = createTurns(directory)
  let repaired: Promise<void> | undefined

  const assertReady = async () => {
    assertRegistry(options)
    repaired ??= repairSecretIndex(directory, files, turns).catch((error: unknown) => {
      repaired = undefined
      throw error
    })
    await repaired
  }
  const findLive = (id: string, now: UnixSeconds) => {
    const record = files.read(id)
    return record !== undefined && kind.isLive(record, now) ? record : undefined
  }
  const assertSecretsFree = (candidate: T, id: string, now: UnixSeconds) => {
    for (const { sha256 } of validSecrets(candidate, now)) {
      const owner = files.readOwner(sha256)
      if (owner === undefined || owner === id) continue
      const holder = findLive(owner, now)
      if (holder !== undefined && hasValidSecret(holder, sha256, now))
        throw conflictOf(kind, 'ERR_SECRET_IN_USE', id)
    }
  }
  /** What was found. That nothing was counts only when the registry was there all along. */
  const known = (found: T | undefined): T | undefined => {
    if (found === undefined) assertRegistry(options)
    return found
  }
  const assertRegistrable = (record: T, id: string, now: UnixSeconds) => {
    if (findLive(id, now) !== undefined) throw conflictOf(kind, kind.existsCode, id)
    assertSecretsFree(record, id, now)
  }
  const assertReplaceable = (record: T, id: string, now: UnixSeconds) => {
    const stored = findLive(id, now)
    if (stored === undefined) throw conflictOf(kind, kind.notFoundCode, id)
    if (stored.revision !== record.revision - 1) throw conflictOf(kind, 'ERR_REVISION_CONFLICT', id)
    assertSecretsFree(record, id, now)
  }
  const store = async (record: T, now: UnixSeconds, assertAllowed: (id: string) => void) => {
    await assertReady()
    const id = idOf(kind, record)
    // Most refusals need no turn; what lets a change through is looked at again in it.
    assertAllowed(id)
    const secrets = validSecrets(record, now)
    await turns.take(recordFilesOf(files, record, secrets), async (turn) => {
      assertRegistry(options)
      assertAllowed(id)
      await putRecord(directory, files, turn, id, { secrets, stored: files.read(id) })
    })
  }
  /** Removes the records of `ids` that are due in one turn, and gives them. */
  const removeAll = async (ids: readonly string[], isDue: (stored: T | Damaged) => boolean) => {
    const removed: (T | Damaged)[] = []
    await turns.take({}, async (turn) => {
      assertRegistry(options)
      for (const id of ids) {
        const stored = readEvenDamaged(files, id)
        if (stored === undefined || !isDue(stored)) continue
        await removeRecord(files, turn, id, stored === 'damaged' ? [] : stored.secrets)
        removed.push(stored)
      }
    })
    return removed
  }

  return {
    async register(record, now) {
      await store(record, now, (id) => {
        assertRegistrable(record, id, now)
      })
    },
    async replace(record, now) {
      await store(record, now, (id) => {
        assertReplaceable(record, id, now)
      })
    },
    async findById(id, now) {
      await assertReady()
      return known(findLive(id, now))
    },
    async findBySecretHash(sha256, now) {
      await assertReady()
      return known(isSecretHash(sha256) ? findBySecret(files, kind, sha256, now) : undefined)
    },
    async list(query, now, matches = () => true) {
      await assertReady()
      const page = await collectPage(
        files,
        kind,
        query,
        (record) => kind.isLive(record, now) && matches(record),
      )
      assertRegistry(options)
      return page
    },
    async end(id, now) {
      await assertReady()
      if (readEvenDamaged(files, id) === undefined) {
        assertRegistry(options)
        return false
      }
      const removed = await removeAll([id], () => true)
      return removed.some((stored) => stored === 'damaged' || kind.isLive(stored, now))
    },
    async removeExpired(now, limit) {
      await assertReady()
      const due = await collectExpired(files, kind, now, limit)
      let count = 0
      for (let start = 0; start < due.length; start += PORTION) {
        const removed = await removeAll(
          due.slice(start, start + PORTION),
          (stored) => stored !== 'damaged' && !kind.isLive(stored, now),
        )
        count += removed.length
      }
      return count
    },
  }
}

/** A record that cannot be read, but can be ended. */
type Damaged = 'damaged'

function readEvenDamaged<T>(files: RecordFiles<T>, id: string): T | Damaged | undefined {
  try {
    return files.read(id)
  } catch (error) {
    if (isIssuerError(error, 'ERR_STORE_CORRUPT')) return 'damaged'
    throw error
  }
}

function findBySecret<T extends RegistryRecord>(
  files: RecordFiles<T>,
  kind: RecordKind<T>,
  sha256: string,
  now: UnixSeconds,
): T | undefined {
  let owner = files.readOwner(sha256)
  for (let lookup = 0; lookup < MAX_LOOKUPS && owner !== undefined; lookup += 1) {
    const record = files.read(owner)
    if (record !== undefined && hasSecret(record, sha256)) {
      return hasValidSecret(record, sha256, now) && kind.isLive(record, now) ? record : undefined
    }
    // The secret may have gone to another one between the two reads.
    const again = files.readOwner(sha256)
    if (again === owner) return undefined
    owner = again
  }
  return undefined
}

async function collectExpired<T extends RegistryRecord>(
  files: RecordFiles<T>,
  kind: RecordKind<T>,
  now: UnixSeconds,
  limit: number,
): Promise<string[]> {
  const ids: string[] = []
  for await (const { path } of files.scan()) {
    if (ids.length >= limit) break
    const record = files.readAt(path)
    if (record !== undefined && !kind.isLive(record, now)) ids.push(idOf(kind, record))
  }
  return ids
}

function hasSecret(record: RegistryRecord, sha256: string): boolean {
  return record.secrets.some((secret) => secret.sha256 === sha256)
}

function hasValidSecret(record: RegistryRecord, sha256: string, now: UnixSeconds): boolean {
  return validSecrets(record, now).some((secret) => secret.sha256 === sha256)
}

function idOf<T extends RegistryRecord>(kind: RecordKind<T>, record: T): string {
  const id = kind.idOf(record)
  if (id === undefined) throw new TypeError(`a record of a ${kind.noun} needs an ID`)
  return id
}
