import { isIssuerError } from '../errors.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { nextGeneration } from '../key-ring/transitions.ts'
import type { UnixSeconds } from '../time.ts'
import type { FollowedKeyRing } from './follow-key-ring.ts'
import type { RingRepair } from './repair-key-ring.ts'

/** What changing the ring of a running issuer needs. */
export interface ChangeKeyRingDependencies {
  readonly keyRing: FollowedKeyRing
  /** Called when reading the store before a change found that it had lost something, and gave it back. */
  readonly onRepaired?: (repair: RingRepair) => void
}

/** What is to become of a ring. */
export interface RingChange<T> {
  /** The changed ring, without a new version; absent when there is nothing to save. */
  readonly changed?: KeyRing
  /** The moment from which new dates in it are. When saving begins much later, it is decided again. */
  readonly decidedAt?: UnixSeconds
  readonly answer: T
}

/** What a change came to. */
export interface ChangedKeyRing<T> {
  readonly answer: T
  /** The ring in use now, which is the saved one if anything was to be saved. */
  readonly ring: KeyRing
}

/** How often a change is decided anew because somebody else saved first. */
const MAX_ATTEMPTS = 8

/**
 * Reads the store, decides by what is there, saves, and only then uses what was saved; other replicas follow as they read
 * it. When somebody else saved first, it starts over with what they saved, so that of many replicas that want the same
 * change exactly one makes it.
 *
 * @param decide is asked again after each conflict. What it throws ends the attempt, with nothing saved.
 * @throws {IssuerError} those of `FollowedKeyRing.refresh` and `save`, and what `decide` throws; nothing was saved then,
 * except that after `ERR_STORE_UNAVAILABLE` it is not known.
 */
export async function changeKeyRing<T>(
  { keyRing, onRepaired }: ChangeKeyRingDependencies,
  decide: (ring: KeyRing) => Promise<RingChange<T>>,
): Promise<ChangedKeyRing<T>> {
  for (let attempt = 1; ; attempt += 1) {
    const refresh = await keyRing.refresh()
    if ('found' in refresh) onRepaired?.(refresh)
    const ring = keyRing.ring()
    const { changed, answer, decidedAt } = await decide(ring)
    if (changed === undefined) return { answer, ring }
    const next = nextGeneration(changed, crypto.randomUUID())
    try {
      await saveKnowingly(keyRing, next, ring, decidedAt)
      return { answer, ring: next }
    } catch (error) {
      if (!isIssuerError(error, 'ERR_STORE_CONFLICT') || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/** Saves, and when that leaves unknown whether it did, looks. */
async function saveKnowingly(
  keyRing: FollowedKeyRing,
  changed: KeyRing,
  expected: KeyRing,
  decidedAt: UnixSeconds | undefined,
): Promise<void> {
  try {
    await keyRing.save(changed, expected, decidedAt)
  } catch (error) {
    if (!isIssuerError(error, 'ERR_STORE_UNAVAILABLE')) throw error
    await keyRing.refresh()
    if (keyRing.ring().write_id !== changed.write_id) throw error
  }
}
