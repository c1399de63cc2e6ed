import { IssuerError, isIssuerError } from '../errors.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { nextGeneration } from '../key-ring/transitions.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { RingEncryption } from '../sealing/create-key-encryption.ts'
import type { Clock, UnixSeconds } from '../time.ts'
import { openStoredRing, toStoredRing } from './stored-ring.ts'

/** What re-sealing a ring needs. */
export interface ResealKeyRingDependencies {
  readonly keyStore: KeyStore
  readonly encryption: RingEncryption
  readonly clock: Clock
}

/** The ring after re-sealing. */
export interface ResealedKeyRing {
  readonly ring: KeyRing
  readonly readAt: UnixSeconds
  /** Whether this call saved it. */
  readonly isResealed: boolean
}

const MAX_SAVES = 8

/**
 * Saves the stored ring as its next generation when it is sealed otherwise than it would be today, and reads it back. Its
 * keys stay as they are. Of several that do this at once each gets what the store holds in the end.
 *
 * @throws {IssuerError} those of `KeyStore`, `KeyEncryption.open` and decoding; `ERR_STORE_EMPTY` when there is no ring.
 */
export async function resealKeyRing({
  keyStore,
  encryption,
  clock,
}: ResealKeyRingDependencies): Promise<ResealedKeyRing> {
  for (let saves = 0, isResealed = false; ; saves += 1) {
    const readAt = clock()
    const stored = await keyStore.load()
    if (stored === undefined)
      throw new IssuerError('ERR_STORE_EMPTY', 'the key store holds no key ring to seal')
    const ring = await openStoredRing(stored, encryption)
    if (encryption.isCurrent(stored.document) || saves === MAX_SAVES) return { ring, readAt, isResealed }
    const next = nextGeneration(ring, crypto.randomUUID())
    const plain = toStoredRing(next)
    try {
      await keyStore.save({ ...plain, document: await encryption.seal(plain.document) }, stored)
      isResealed = true
    } catch (error) {
      if (!isIssuerError(error, 'ERR_STORE_CONFLICT')) throw error
    }
  }
}
