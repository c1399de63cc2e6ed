import { IssuerError, isIssuerError } from '../errors.ts'
import { encodeKeyRing } from '../key-ring/codec.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { compareRings } from '../key-ring/merge.ts'
import { nextGeneration } from '../key-ring/transitions.ts'
import type { KeyEncryption } from '../ports/key-encryption.ts'
import type { KeyStore } from '../ports/key-store.ts'
import type { FollowedKeyRing } from './follow-key-ring.ts'

/** What changing the ring of a running issuer needs. */
export interface ChangeKeyRingDependencies {
  readonly keyStore: KeyStore
  readonly encryption?: KeyEncryption
  /** The ring in use; it is read again before the change and after. */
  readonly keyRing: Pick<FollowedKeyRing, 'ring' | 'refresh'>
}

/** How often one change is saved before it gives up; each time somebody else was first. */
const MAX_SAVES = 8

/**
 * Saves a changed ring and lets it be the ring in use here; other replicas follow as they read it. The ring is read
 * before it is changed, and the change is decided again from the start when somebody else saved in between.
 *
 * @param change the changed ring without a new version, or `undefined` when there is nothing to save. What it throws
 * ends the attempt, with nothing saved.
 * @throws {IssuerError} those of `FollowedKeyRing.refresh`; `ERR_STORE_CONFLICT` when others were first again and again;
 * `ERR_STORE_UNAVAILABLE` when it is not known whether the ring was saved.
 */
export async function changeKeyRing(
  { keyStore, encryption, keyRing }: ChangeKeyRingDependencies,
  change: (ring: KeyRing) => Promise<KeyRing | undefined> | KeyRing | undefined,
): Promise<void> {
  for (let saves = 1; ; saves += 1) {
    await keyRing.refresh()
    const ring = keyRing.ring()
    const changed = await change(ring)
    if (changed === undefined) return
    const saved = nextGeneration(changed, crypto.randomUUID())
    const plain = encodeKeyRing(saved)
    const document = encryption === undefined ? plain : await encryption.seal(plain)
    try {
      await keyStore.save({ generation: saved.generation, write_id: saved.write_id, document }, ring)
      await putToUse(keyRing, saved)
      return
    } catch (error) {
      if (!isIssuerError(error, 'ERR_STORE_CONFLICT') || saves === MAX_SAVES) throw error
    }
  }
}

async function putToUse(keyRing: ChangeKeyRingDependencies['keyRing'], saved: KeyRing): Promise<void> {
  // A refresh may be shared with one that had read the store before the save; the one after it has not.
  for (let refreshes = 1; refreshes <= 2; refreshes += 1) {
    await keyRing.refresh()
    if (compareRings(keyRing.ring(), saved) >= 0) return
  }
  throw new IssuerError(
    'ERR_STORE_UNAVAILABLE',
    'the key store does not give back the key ring it just took; see whether it went back in time',
  )
}
