import { IssuerError, isIssuerError } from '../errors.ts'
import { proveRing } from '../key-ring/codec.ts'
import { currentIssuerUrl, type KeyRing } from '../key-ring/key-ring.ts'
import { compareRings } from '../key-ring/merge.ts'
import { decideRingRecovery, type RingRecovery } from '../key-ring/ring-recovery.ts'
import { CLOCK_TOLERANCE, isReadingFresh } from '../key-ring/rotation-policy.ts'
import type { KeyStore, RingVersion, StoredKeyRing } from '../ports/key-store.ts'
import { unixSeconds, type Clock, type Seconds, type UnixSeconds } from '../time.ts'
import { openStoredRing, toStoredRing } from './stored-ring.ts'
import { buildRepairedRing, describeRepair, type RingRepair } from './repair-key-ring.ts'

/** What following a stored ring needs. */
export interface FollowKeyRingDependencies {
  readonly keyStore: KeyStore
  readonly clock: Clock
  /** How long the ring may be used for signing without having been read again. */
  readonly storeLag: Seconds
  /** How long a key stays published that a merge of two rings retires. */
  readonly keepRetired: Seconds
  /** The `iss` of the tokens that are signed here. A ring that belongs to another URL is not used; any is unless given. */
  readonly issuerUrl?: string
}

/** What a refresh came to: the store still holds the ring in use, a later one is in use now, or the store was repaired. */
export type RingRefresh = { readonly outcome: 'unchanged' | 'took-over' } | RingRepair

/** The ring of a running issuer: what was read last, and whether that is still good enough to sign with. */
export interface FollowedKeyRing {
  /** The ring as last read. Never forgotten, whatever happens to the store. */
  ring(): KeyRing
  /**
   * The ring, to sign with.
   *
   * @throws {IssuerError} `ERR_KEY_RING_STALE` when it was not read for `storeLag`: a key of it may be revoked by now.
   */
  signingRing(): KeyRing
  /** Whether `signingRing` would give it. */
  isFresh(): boolean
  /** When the store last gave the ring. */
  readAt(): UnixSeconds
  /** The latest of all those moments, later than `readAt` when the clock was put back since: tokens are dated up to it. */
  latestReadAt(): UnixSeconds
  /**
   * Reads the store and takes over a later ring of the cluster that knows all that this one knows. A store that was
   * emptied or went back in time gets the ring back; one whose ring knows less, or something else, gets both merged (see
   * `decideRingRecovery`, `mergeRings`). What was saved is in use, and fresh, once it is read back. Of several replicas
   * that do this at once one is first and the others look again. Calls at the same time share one refresh.
   *
   * @throws {IssuerError} those of `KeyStore` and of decoding and proving, so that what cannot be read is never
   * overwritten; `ERR_STORE_FOREIGN` when the ring of another cluster is there; `ERR_ISSUER_URL_CHANGED` when a later ring
   * belongs to another issuer URL, and for `storeLag` after that also when the store has lost it: those that moved give it
   * back; `ERR_STORE_CONFLICT` when others were first again and again. The ring in use stays then, and grows stale unless
   * a later refresh succeeds.
   */
  refresh(): Promise<RingRefresh>
  /**
   * Saves a changed ring over `expected`, and uses it from then on. Waits for a refresh that is running.
   *
   * @param changed of the version after `expected` (see `nextGeneration`).
   * @param decidedAt the moment from which the dates in it are; a machine may sleep between deciding and saving.
   * @throws {IssuerError} `ERR_STORE_CONFLICT` when the ring in use or the stored one is another than `expected` by now;
   * nothing was changed, nor when the clock has moved on from `decidedAt` by more than the tolerance.
   * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it is not known whether it was saved: the next refresh tells.
   */
  save(changed: KeyRing, expected: RingVersion, decidedAt?: UnixSeconds): Promise<void>
  /** What the last refresh failed with; `undefined` when it succeeded, and before the first. */
  lastFailure(): unknown
}

/** How often one refresh saves before it gives up; each time somebody else was first. */
const MAX_SAVES = 8

/** Makes a {@link FollowedKeyRing} that starts with a ring read at `readAt`. */
export function createFollowedKeyRing(
  dependencies: FollowKeyRingDependencies,
  start: { readonly ring: KeyRing; readonly readAt: UnixSeconds },
): FollowedKeyRing {
  const { keyStore, clock, storeLag, keepRetired, issuerUrl } = dependencies
  let { ring, readAt } = start
  let latestReadAt = readAt
  let running: Promise<RingRefresh> | undefined
  let failure: unknown
  /** What was saved last: when it is not known whether that succeeded, the next reading tells. */
  let attempted: RingRepair | undefined
  /** The ring of another issuer URL that was in the store last. */
  let refused: { readonly ring: KeyRing; readonly at: UnixSeconds } | undefined

  /** Uses a ring that was in the store at `askedAt` or later. */
  const use = (held: KeyRing, askedAt: UnixSeconds) => {
    ring = held
    readAt = askedAt
    latestReadAt = unixSeconds(Math.max(latestReadAt, askedAt))
  }

  // A refresh and a save never overlap: each decides by the ring in use and changes it.
  let lastTurn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = lastTurn.then(work)
    lastTurn = turn.catch(() => undefined)
    return turn
  }

  const isFresh = () => isReadingFresh(readAt, clock(), storeLag)

  const refresh = async (): Promise<RingRefresh> => {
    let repair: RingRepair | undefined
    for (let saves = 0; ; saves += 1) {
      const askedAt = clock()
      const stored = await keyStore.load()
      const found = stored && (isSameVersion(stored, ring) ? ring : await openProvedRing(stored))
      const action = decideRingRecovery(ring, found, askedAt)
      if (found !== undefined && action === 'foreign') throw foreign(found, ring)
      if (found !== undefined && isMoved(found, ring, action, issuerUrl)) {
        refused = { ring: found, at: askedAt }
        throw moved(found, issuerUrl ?? '')
      }
      if (found !== undefined && (action === 'keep' || action === 'take-over')) {
        if (found.write_id === attempted?.write_id) repair = attempted
        attempted = undefined
        refused = undefined
        use(found, askedAt)
        return repair ?? { outcome: action === 'keep' ? 'unchanged' : 'took-over' }
      }
      // Whoever moved gives the store back what it lost: this ring would undo the move. It is better than none, though.
      if (refused !== undefined && Math.abs(askedAt - refused.at) < storeLag) {
        throw moved(refused.ring, issuerUrl ?? '')
      }
      if (saves === MAX_SAVES) throw tooManyConflicts()
      repair = (await trySave(action === 'merge' ? 'merge' : 'write-back', stored, found, askedAt)) ?? repair
    }
  }

  const save = async (changed: KeyRing, expected: RingVersion, decidedAt?: UnixSeconds): Promise<void> => {
    if (!isSameVersion(ring, expected)) {
      throw new IssuerError('ERR_STORE_CONFLICT', 'the key ring changed since it was read; decide again')
    }
    const stored = toStoredRing(changed)
    const askedAt = clock()
    if (decidedAt !== undefined && Math.abs(askedAt - decidedAt) > CLOCK_TOLERANCE) {
      throw new IssuerError(
        'ERR_STORE_CONFLICT',
        'the clock moved on since the change was decided; decide again',
      )
    }
    await keyStore.save(stored, expected)
    use(changed, askedAt)
  }

  const trySave = async (
    action: 'write-back' | 'merge',
    stored: StoredKeyRing | undefined,
    found: KeyRing | undefined,
    now: UnixSeconds,
  ): Promise<RingRepair | undefined> => {
    const repaired = await buildRepairedRing(ring, found, { action, keepRetired }, now)
    const document = toStoredRing(repaired)
    attempted = describeRepair(ring, found, action, repaired)
    try {
      await keyStore.save(document, stored)
      return attempted
    } catch (error) {
      if (!isIssuerError(error, 'ERR_STORE_CONFLICT')) throw error
      attempted = undefined
      return undefined
    }
  }

  return {
    ring: () => ring,
    signingRing() {
      if (isFresh()) return ring
      throw new IssuerError(
        'ERR_KEY_RING_STALE',
        `the key ring was not read for ${storeLag} s; signing has stopped`,
        {
          details: { read_at: readAt },
        },
      )
    },
    isFresh,
    readAt: () => readAt,
    latestReadAt: () => latestReadAt,
    refresh() {
      running ??= inTurn(refresh)
        .then((result) => {
          failure = undefined
          return result
        })
        .catch((error: unknown) => {
          failure = error
          throw error
        })
        .finally(() => {
          running = undefined
        })
      return running
    },
    save: (changed, expected, decidedAt) => inTurn(() => save(changed, expected, decidedAt)),
    lastFailure: () => failure,
  }
}

async function openProvedRing(stored: StoredKeyRing): Promise<KeyRing> {
  const ring = await openStoredRing(stored)
  await proveRing(ring)
  return ring
}

function isSameVersion(left: RingVersion, right: RingVersion): boolean {
  return left.generation === right.generation && left.write_id === right.write_id
}

function foreign(found: KeyRing, current: KeyRing): IssuerError {
  return new IssuerError(
    'ERR_STORE_FOREIGN',
    `the key store holds the ring of cluster ${found.cluster_id} now, but this is cluster ${current.cluster_id}; it is left alone: correct the store`,
    { details: { cluster_id: found.cluster_id, expected_cluster_id: current.cluster_id } },
  )
}

/** Whether the ring would belong to another issuer URL once that is done: its current URL is that of the later one. */
function isMoved(
  found: KeyRing,
  current: KeyRing,
  action: RingRecovery,
  issuerUrl: string | undefined,
): boolean {
  const isFoundUsed = action === 'take-over' || (action === 'merge' && compareRings(found, current) > 0)
  return isFoundUsed && issuerUrl !== undefined && currentIssuerUrl(found) !== issuerUrl
}

function moved(found: KeyRing, issuerUrl: string): IssuerError {
  const stored = currentIssuerUrl(found)
  return new IssuerError(
    'ERR_ISSUER_URL_CHANGED',
    `the stored key ring belongs to ${stored} now, but this issuer signs for ${issuerUrl}: it stops signing soon; start it with the stored URL if the issuer moved`,
    { details: { configured: issuerUrl, stored } },
  )
}

function tooManyConflicts(): IssuerError {
  return new IssuerError(
    'ERR_STORE_CONFLICT',
    `others saved the key ring first ${MAX_SAVES} times in a row; the next refresh tries again`,
  )
}
