import { IssuerError } from '../errors.ts'
import { decodeKeyRing, proveRing } from '../key-ring/codec.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { CLOCK_TOLERANCE } from '../key-ring/rotation-policy.ts'
import type { KeyEncryption } from '../ports/key-encryption.ts'
import type { KeyStore, StoredKeyRing } from '../ports/key-store.ts'
import type { Clock, Seconds, UnixSeconds } from '../time.ts'

/** What following a stored ring needs. */
export interface FollowKeyRingDependencies {
  readonly keyStore: KeyStore
  readonly encryption?: KeyEncryption
  readonly clock: Clock
  /** How long the ring may be used for signing without having been read again. */
  readonly storeLag: Seconds
}

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
  /**
   * Reads the store and takes over a newer generation of the same ring; calls at the same time share one read.
   *
   * @throws {IssuerError} those of `KeyStore.load` and of decoding; `ERR_STORE_EMPTY` when the ring is gone;
   * `ERR_STORE_FOREIGN` when another ring is there; `ERR_STORE_ROLLED_BACK` when an older generation is there. The ring
   * in use stays then.
   */
  refresh(): Promise<void>
}

/** Makes a {@link FollowedKeyRing} that starts with a ring read at `readAt`. */
export function createFollowedKeyRing(
  { keyStore, encryption, clock, storeLag }: FollowKeyRingDependencies,
  start: { readonly ring: KeyRing; readonly readAt: UnixSeconds },
): FollowedKeyRing {
  let { ring, readAt } = start
  let running: Promise<void> | undefined

  // A clock that was put back must not make an old reading young: before `readAt` it counts as stale, too, but for the
  // tolerance that the rotation policy reckons with.
  const isFresh = () => {
    const age = clock() - readAt
    return age >= -CLOCK_TOLERANCE && age < storeLag
  }

  const refresh = async () => {
    const askedAt = clock()
    const stored = await keyStore.load()
    if (stored === undefined) {
      throw new IssuerError(
        'ERR_STORE_EMPTY',
        'the key store has lost the key ring; the one in memory stays in use',
      )
    }
    if (stored.write_id !== ring.write_id || stored.generation !== ring.generation) {
      const candidate = await openStoredRing(stored, encryption)
      assertSuccessor(ring, candidate)
      await proveRing(candidate)
      ring = candidate
    }
    readAt = askedAt
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
    refresh() {
      running ??= refresh().finally(() => {
        running = undefined
      })
      return running
    },
  }
}

/**
 * The ring of a stored document, unsealed and decoded. Its keys are not proved yet.
 *
 * @throws {IssuerError} those of `decodeKeyRing` and `KeyEncryption.open`; `ERR_STORE_CORRUPT` when the document is of
 * another version than the store says.
 */
export async function openStoredRing(stored: StoredKeyRing, encryption?: KeyEncryption): Promise<KeyRing> {
  const document = encryption === undefined ? stored.document : await encryption.open(stored.document)
  const ring = decodeKeyRing(document)
  if (ring.generation !== stored.generation || ring.write_id !== stored.write_id) {
    throw new IssuerError(
      'ERR_STORE_CORRUPT',
      'the stored key ring is of another version than the store says; restore it from a backup',
    )
  }
  return ring
}

function assertSuccessor(current: KeyRing, candidate: KeyRing): void {
  if (candidate.ring_id !== current.ring_id || candidate.cluster_id !== current.cluster_id) {
    throw new IssuerError('ERR_STORE_FOREIGN', 'the key store holds another key ring now; it is left alone', {
      details: { ring_id: candidate.ring_id, expected_ring_id: current.ring_id },
    })
  }
  if (candidate.generation <= current.generation) {
    throw new IssuerError(
      'ERR_STORE_ROLLED_BACK',
      'the key store went back in time; the newer ring stays in use',
      {
        details: { generation: candidate.generation, known_generation: current.generation },
      },
    )
  }
}
