import { isIssuerError } from '../errors.ts'
import type { KeySpecification } from '../key-ring/algorithms.ts'
import { generateKeyMaterial, type SigningKeyMaterial } from '../key-ring/key-material.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { applyStep, nextGeneration, type RingStep } from '../key-ring/transitions.ts'
import { seconds, type Clock, type Seconds, type UnixSeconds } from '../time.ts'
import type { FollowedKeyRing } from './follow-key-ring.ts'
import type { RingRepair } from './repair-key-ring.ts'

/** What changing the ring of a running issuer needs. */
export interface RingStepDependencies {
  readonly keyRing: FollowedKeyRing
  readonly clock: Clock
  /** Called when reading the store before a change found that it had lost something, and gave it back. */
  readonly onRepaired?: (repair: RingRepair) => void
}

/** What a decision is made from besides the ring. */
export interface DecisionFacts {
  readonly now: UnixSeconds
  /** By how much the clock was put back since the ring was read: tokens of the active key may be dated so far ahead. */
  readonly clockWentBackBy: Seconds
  /** The key that an earlier decision of the same change asked for. */
  readonly key: SigningKeyMaterial | undefined
}

/** What to do with a ring: nothing, one step, or one step once a key is generated. */
export type RingDecision<T> =
  | { readonly type: 'nothing'; readonly answer: T }
  | { readonly type: 'generate'; readonly specification: KeySpecification }
  | { readonly type: 'save'; readonly step: RingStep; readonly answer: T }

/** What a change came to. */
export interface MadeRingStep<T> {
  readonly answer: T
  /** The ring in use now, which is the saved one if anything was to be saved. */
  readonly ring: KeyRing
}

/** How often a change is decided anew because somebody else saved first. */
const MAX_ATTEMPTS = 8

/**
 * Reads the store, decides by what is there, saves, and only then uses what was saved. When somebody else saved first, it
 * starts over with what they saved, so that of many replicas that want the same step exactly one makes it.
 *
 * @param decide pure; it is asked again, with the same key, after each conflict.
 * @throws {IssuerError} those of `FollowedKeyRing.refresh` and `save`, and what `decide` throws; nothing was saved then,
 * except that after `ERR_STORE_UNAVAILABLE` it is not known.
 */
export async function makeRingStep<T>(
  { keyRing, clock, onRepaired }: RingStepDependencies,
  decide: (ring: KeyRing, facts: DecisionFacts) => RingDecision<T>,
): Promise<MadeRingStep<T>> {
  let key: SigningKeyMaterial | undefined
  for (let attempt = 1; ; attempt += 1) {
    const refresh = await keyRing.refresh()
    if ('found' in refresh) onRepaired?.(refresh)
    const ring = keyRing.ring()
    let facts = readFacts(keyRing, clock, key)
    let decision = decide(ring, facts)
    if (decision.type === 'generate') {
      key = await generateKeyMaterial(decision.specification)
      // That took a while, so the moment of the step is read after it.
      facts = readFacts(keyRing, clock, key)
      decision = decide(ring, facts)
    }
    if (decision.type === 'generate') throw new RangeError('a decision asks for the key it was given')
    if (decision.type === 'nothing') return { answer: decision.answer, ring }
    const changed = nextGeneration(applyStep(ring, decision.step, facts.now), crypto.randomUUID())
    try {
      await saveKnowingly(keyRing, changed, ring)
      return { answer: decision.answer, ring: changed }
    } catch (error) {
      if (!isIssuerError(error, 'ERR_STORE_CONFLICT') || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

function readFacts(
  keyRing: FollowedKeyRing,
  clock: Clock,
  key: SigningKeyMaterial | undefined,
): DecisionFacts {
  const now = clock()
  return { now, clockWentBackBy: seconds(Math.max(0, keyRing.latestReadAt() - now)), key }
}

/** Saves, and when that leaves unknown whether it did, looks. */
async function saveKnowingly(keyRing: FollowedKeyRing, changed: KeyRing, expected: KeyRing): Promise<void> {
  try {
    await keyRing.save(changed, expected)
  } catch (error) {
    if (!isIssuerError(error, 'ERR_STORE_UNAVAILABLE')) throw error
    await keyRing.refresh()
    if (keyRing.ring().write_id !== changed.write_id) throw error
  }
}
