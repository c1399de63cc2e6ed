import {
  currentIssuerUrl,
  encodeKeyRing,
  IssuerError,
  nextGeneration,
  type KeyRing,
  type RingVersion,
  type RunnerRecord,
  type SandboxRecord,
  type StoredKeyRing,
  type UnixSeconds,
} from '@workload-identity/core'

import { countRecords, type RecordComparison } from './compare-records.ts'
import { copyRecords } from './copy-records.ts'
import { runnersOf, sandboxesOf, type RecordCollection } from './record-kinds.ts'
import { computeRingFingerprint } from './ring-fingerprint.ts'
import { encryptionOf, loadRing, registriesOf, type Registries, type StoreSide } from './store-side.ts'
import { formatCopyMark, readCopyMark, type CopyMark } from './copy-mark.ts'

/** What to copy. */
export interface CopyStoreRequest {
  readonly from: StoreSide
  readonly to: StoreSide
  /** Decides who is live; one moment for the whole copy. */
  readonly now: UnixSeconds
  /** Copies records only, once, and leaves the target marked: a later copy has less to do. Default false. */
  readonly prepareOnly?: boolean
  /** Told what is being done, and how many records of it have been added. */
  readonly onProgress?: (progress: CopyProgress) => void
}

/** How far a copy is. */
export interface CopyProgress {
  readonly step: 'runners' | 'sandboxes'
  readonly added: number
}

/** What a copy came to; unless it was only prepared, both sides hold the same. */
export interface StoreCopy {
  /** `already-there` when the target held it all before; `prepared` when the ring is still to come. */
  readonly outcome: 'copied' | 'already-there' | 'prepared'
  readonly issuer: string
  readonly cluster_id: string
  /** The same on both sides. */
  readonly fingerprint: string
  readonly runners: RecordComparison
  readonly sandboxes: RecordComparison
}

/** How often the records are gone through while others change them. */
const MAX_ROUNDS = 3

/**
 * Copies key ring and registry of one store into another, of any two engines, sealed or not. While it is under way the
 * target holds a mark in place of the ring: no issuer starts on it, and the same copy can be run again and goes on. The
 * ring comes last, as its next generation, when all records have been compared; the source is only read.
 *
 * Notes about ended assignments stay behind: a runner that is away during the move does not learn what ended before it.
 *
 * Of two copies into one target, the one that began last goes on: the other one changes nothing any more and fails.
 *
 * Issuers may run on the source; what they register, change or end in the meantime is gone after, but somebody has to
 * stop that for an end to come.
 *
 * @throws {IssuerError} `ERR_STORE_EMPTY` when the source holds no ring; `ERR_REGISTRY_LOST` when its registry is not the
 * one of its ring; `ERR_STORE_CONFLICT` when the target is not empty and not this copy, another copy has taken it over, or the
 * source keeps changing; those of both stores.
 */
export async function copyStore(request: CopyStoreRequest): Promise<StoreCopy> {
  const { from, to, now, onProgress, prepareOnly = false } = request
  const ring = await loadSource(from)
  const source = registriesOf(from, ring)
  const target = registriesOf(to, ring)
  const found = await to.stores.keyStore.load()
  const mark = found && (await readMark(found, to))
  if (found !== undefined && mark === undefined)
    return assertSame(ring, { from: source, to: target }, to, now)
  const version = await claimTarget(ring, to, found, mark)
  const sides = guardTarget(source, target, () => assertClaimed(to, version))
  if (prepareOnly) return describe('prepared', ring, await copyOnce(sides, now, onProgress))
  const counts = await copyUntilSame(sides, now, onProgress)
  const copied = await saveRing(ring, from, to, version)
  return describe('copied', copied, counts)
}

type Counts = Pick<StoreCopy, 'runners' | 'sandboxes'>

async function loadSource(from: StoreSide): Promise<KeyRing> {
  const ring = await loadRing(from)
  if (ring === undefined) throw new IssuerError('ERR_STORE_EMPTY', 'the store to copy from holds no key ring')
  if ((await from.stores.registryIdentity.read()) === ring.registry_id) return ring
  throw new IssuerError(
    'ERR_REGISTRY_LOST',
    'the store to copy from does not hold the registry that its key ring records; restore it first',
  )
}

async function readMark(found: StoredKeyRing, to: StoreSide): Promise<CopyMark | undefined> {
  return readCopyMark(await encryptionOf(to).open(found.document))
}

/**
 * Puts a mark into an empty target, or in place of the one of an earlier attempt, and gives its version. The earlier attempt
 * may still be under way, on a machine that was thought to be gone, and notices by it that the target is not its own any more.
 */
async function claimTarget(
  ring: KeyRing,
  to: StoreSide,
  found: RingVersion | undefined,
  mark: CopyMark | undefined,
): Promise<RingVersion> {
  const { keyStore, registryIdentity } = to.stores
  const own = { ring_id: ring.ring_id, registry_id: ring.registry_id }
  if (found === undefined) {
    if ((await registryIdentity.read()) !== undefined || !(await registryIdentity.isEmpty())) {
      throw notEmpty('a registry')
    }
  } else if (mark?.ring_id !== own.ring_id || mark.registry_id !== own.registry_id) {
    throw notEmpty('the unfinished copy of another store')
  }
  const generation = Math.max(ring.generation, (found?.generation ?? 0) + 1)
  const version = { generation, write_id: crypto.randomUUID() }
  await keyStore.save({ ...version, document: await encryptionOf(to).seal(formatCopyMark(own)) }, found)
  await claimRegistry(ring, to.stores)
  return version
}

async function assertClaimed({ stores }: StoreSide, { generation, write_id }: RingVersion): Promise<void> {
  const found = await stores.keyStore.load()
  if (found?.generation === generation && found.write_id === write_id) return
  throw new IssuerError('ERR_STORE_CONFLICT', 'another copy has taken the target over; this one ends here')
}

async function claimRegistry(ring: KeyRing, { registryIdentity }: StoreSide['stores']): Promise<void> {
  if ((await registryIdentity.claim(ring.registry_id)) !== ring.registry_id)
    throw notEmpty('another registry')
}

/** Where records come from and go to. */
interface CopySides {
  readonly runners: readonly [source: RecordCollection<RunnerRecord>, target: RecordCollection<RunnerRecord>]
  readonly sandboxes: readonly [
    source: RecordCollection<SandboxRecord>,
    target: RecordCollection<SandboxRecord>,
  ]
}

/** Both sides, where `assertOwn` is asked before anything in the target changes: an issuer may live on it by now. */
function guardTarget(source: Registries, target: Registries, assertOwn: () => Promise<void>): CopySides {
  const guard = <T>(collection: RecordCollection<T>): RecordCollection<T> => ({
    ...collection,
    async addAll(records, now) {
      await assertOwn()
      await collection.addAll(records, now)
    },
    async end(id, now) {
      await assertOwn()
      return collection.end(id, now)
    },
  })
  return {
    runners: [runnersOf(source.runners), guard(runnersOf(target.runners))],
    sandboxes: [sandboxesOf(source.sandboxes), guard(sandboxesOf(target.sandboxes))],
  }
}

async function copyOnce(
  { runners, sandboxes }: CopySides,
  now: UnixSeconds,
  onProgress: CopyStoreRequest['onProgress'],
): Promise<Counts> {
  return {
    runners: await copyRecords(...runners, now, (added) => onProgress?.({ step: 'runners', added })),
    sandboxes: await copyRecords(...sandboxes, now, (added) => onProgress?.({ step: 'sandboxes', added })),
  }
}

async function copyUntilSame(...copy: Parameters<typeof copyOnce>): Promise<Counts> {
  for (let round = 1; ; round += 1) {
    const counts = await copyOnce(...copy)
    const differing = counts.runners.differing + counts.sandboxes.differing
    if (differing === 0) return counts
    if (round === MAX_ROUNDS) {
      throw new IssuerError(
        'ERR_STORE_CONFLICT',
        'registrations keep changing in the store to copy from: stop them and run the copy again, it goes on from here',
        { details: { differing } },
      )
    }
  }
}

/** Puts the ring of the source, as it is now, in place of the mark, and reads it back. */
async function saveRing(
  before: KeyRing,
  from: StoreSide,
  to: StoreSide,
  expected: RingVersion,
): Promise<KeyRing> {
  const ring = await loadSource(from)
  if (ring.registry_id !== before.registry_id || ring.ring_id !== before.ring_id) {
    throw new IssuerError('ERR_STORE_CONFLICT', 'the store to copy from holds another key ring than at first')
  }
  // Every attempt has put a mark of its own in place of the last one.
  const generation = Math.max(ring.generation, expected.generation)
  const next = nextGeneration({ ...ring, generation }, crypto.randomUUID())
  const document = await encryptionOf(to).seal(encodeKeyRing(next))
  await to.stores.keyStore.save({ generation: next.generation, write_id: next.write_id, document }, expected)
  const saved = await loadRing(to)
  if (saved === undefined || computeRingFingerprint(saved) !== computeRingFingerprint(ring)) {
    throw new IssuerError('ERR_STORE_UNAVAILABLE', 'the target does not give back the key ring it just took')
  }
  return ring
}

/** What was copied before: a ring that is already there is left alone, and good only if everything is the same. */
async function assertSame(
  ring: KeyRing,
  registries: { readonly from: Registries; readonly to: Registries },
  to: StoreSide,
  now: UnixSeconds,
): Promise<StoreCopy> {
  const there = await loadRing(to)
  if (there?.ring_id !== ring.ring_id) throw notEmpty('another key ring')
  const { from: source, to: target } = registries
  const counts = {
    runners: await countRecords(runnersOf(source.runners), runnersOf(target.runners), now),
    sandboxes: await countRecords(sandboxesOf(source.sandboxes), sandboxesOf(target.sandboxes), now),
  }
  const isSame = computeRingFingerprint(there) === computeRingFingerprint(ring)
  if (isSame && counts.runners.differing + counts.sandboxes.differing === 0) {
    return describe('already-there', ring, counts)
  }
  throw notEmpty('a finished copy of this store, in which something has changed since')
}

function describe(outcome: StoreCopy['outcome'], ring: KeyRing, counts: Counts): StoreCopy {
  return {
    outcome,
    issuer: currentIssuerUrl(ring),
    cluster_id: ring.cluster_id,
    fingerprint: computeRingFingerprint(ring),
    ...counts,
  }
}

function notEmpty(what: string): IssuerError {
  return new IssuerError(
    'ERR_STORE_CONFLICT',
    `the target is not empty: it holds ${what}; nothing was changed, choose an empty one`,
  )
}
