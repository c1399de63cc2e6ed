import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { IssuerError, type KeyStore, type RingVersion } from '@workload-identity/core'
import {
  createProcessToken,
  hasProcessEnded,
  linkNew,
  readPrivateFile,
  removeQuietly,
  syncDirectory,
  systemCode,
  unusable,
  withFileErrors,
  writeNewFile,
  type PrivateDirectory,
} from '@workload-identity/driver-file'
import { listRingFiles, ringPath, temporaryPath } from './ring-files.ts'
import { formatRing, parseRing, type NumberedRing } from './ring-text.ts'

/** What a key store in a folder needs. */
export interface FileKeyStoreOptions {
  /** Opened by `openPrivateDirectory` of `@workload-identity/driver-file`. Other files in it are left alone. */
  readonly directory: PrivateDirectory
}

/** Far more than a ring of a thousand keys; a longer file is none. */
const MAX_RING_BYTES = 16 * 1024 * 1024
const MAX_READS = 1000

/**
 * A key store of one file in a folder, for one issuer machine: several processes on it may share the folder. Does no I/O
 * until it is used.
 */
export function createFileKeyStore({ directory }: FileKeyStoreOptions): KeyStore {
  let durable = 0
  return {
    async load() {
      const found = readRing(directory)
      if (found === undefined) return undefined
      // Another process may have died before its save was durable; nobody acts on a ring that a power failure takes back.
      if (found.number !== durable)
        await withFileErrors('sync', directory.path, () => syncDirectory(directory.path))
      durable = found.number
      await removeReplaced(directory, found.number)
      const { generation, write_id, document } = found
      return { generation, write_id, document }
    },
    async save(ring, expected) {
      assertFollows(ring, expected)
      const stored = readRing(directory)
      if (!isVersion(stored, expected)) throw conflict(directory, expected)
      const number = (stored?.number ?? 0) + 1
      await withFileErrors('write', ringPath(directory, number), async () =>
        saveNext(directory, { ...ring, number }, stored),
      )
      durable = number
      await removeReplaced(directory, number)
    },
    async eraseReplaced() {
      const found = readRing(directory)
      if (found === undefined) return []
      await removeReplaced(directory, found.number)
      return listReplaced(directory, found.number)
        .filter((path) => existsSync(path))
        .map((path) => `${path} cannot be removed; remove it by hand`)
    },
  }
}

/**
 * The ring of the highest number. What that file holds counts, whatever lower ones hold.
 *
 * A reader may find the file gone when it was replaced after the folder was listed; then there is a higher one.
 */
function readRing(directory: PrivateDirectory): NumberedRing | undefined {
  for (let read = 0; read < MAX_READS; read += 1) {
    directory.check()
    const number = listRingFiles(directory).numbers.at(-1)
    if (number === undefined) return undefined
    const path = ringPath(directory, number)
    const content = readPrivateFile(path, MAX_RING_BYTES)
    if (content !== undefined) return parseRing(content, number, path)
  }
  throw unusable(directory.path, 'others replace the ring all the time; try again')
}

/*
 * All savers that saw ring n link their file to the name n + 1, so that one of them succeeds, whatever generations they
 * chose. That name must stay taken for whoever saw ring n, also after n + 2 made n + 1 superfluous. So the temporary file is a permit:
 * a saver writes it first, then makes sure that ring n still is the highest, then links it; and nobody removes n + 1 before
 * he has removed every temporary file meant for it. A permit seen too early to be removed was written before n + 1 was
 * there, and a saver without it cannot link. Proof and trials: docs of this package and `trials` of the contracts.
 */
async function saveNext(
  directory: PrivateDirectory,
  ring: NumberedRing,
  stored: NumberedRing | undefined,
): Promise<void> {
  const permit = temporaryPath(directory, ring.number, createProcessToken())
  try {
    await writeNewFile(permit, formatRing(ring))
    const found = readRing(directory)
    if (found?.number !== stored?.number || !isVersion(found, stored)) throw conflict(directory, stored)
    if (!(await linkPermit(directory, permit, ring.number))) throw conflict(directory, stored)
    await syncDirectory(directory.path)
  } finally {
    await removeQuietly(permit)
  }
}

async function linkPermit(directory: PrivateDirectory, permit: string, number: number): Promise<boolean> {
  try {
    return await linkNew(permit, ringPath(directory, number))
  } catch (error) {
    // Taken away by somebody who was faster, unless the whole folder is gone.
    if (systemCode(error) !== 'ENOENT') throw error
    directory.check()
    return false
  }
}

/**
 * Removes what ring `number`, which is durable, replaced: it may hold private keys that are erased in it. Permits first,
 * then rings from the lowest on, and nothing after one that stays. The next load or save tries again.
 */
async function removeReplaced(directory: PrivateDirectory, number: number): Promise<void> {
  for (const path of listReplaced(directory, number)) {
    await removeQuietly(path)
    if (existsSync(path)) return
  }
}

function listReplaced(directory: PrivateDirectory, number: number): readonly string[] {
  const { numbers, temporaries } = listRingFiles(directory)
  const permits = temporaries.filter((permit) => permit.number <= number || hasProcessEnded(permit.token))
  const rings = numbers.filter((older) => older < number)
  return [
    ...permits.map(({ name }) => join(directory.path, name)),
    ...rings.map((older) => ringPath(directory, older)),
  ]
}

function isVersion(stored: RingVersion | undefined, expected: RingVersion | undefined): boolean {
  return stored?.generation === expected?.generation && stored?.write_id === expected?.write_id
}

function assertFollows(ring: RingVersion, expected: RingVersion | undefined): void {
  if (Number.isSafeInteger(ring.generation) && ring.generation > (expected?.generation ?? 0)) return
  throw new RangeError(
    `generation ${ring.generation} does not follow ${expected?.generation ?? 'an empty store'}`,
  )
}

function conflict({ path }: PrivateDirectory, expected: RingVersion | undefined): IssuerError {
  return new IssuerError(
    'ERR_STORE_CONFLICT',
    `the key ring in ${path} changed since it was read; load it again`,
    { details: { path, expected_generation: expected?.generation } },
  )
}
