import type { KeySpecification } from '../key-ring/algorithms.ts'
import { generateKeyMaterial, type SigningKeyMaterial } from '../key-ring/key-material.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { applyStep, type RingStep } from '../key-ring/transitions.ts'
import { seconds, type Clock, type Seconds, type UnixSeconds } from '../time.ts'
import { changeKeyRing, type ChangedKeyRing, type ChangeKeyRingDependencies } from './change-key-ring.ts'

/** What making a step needs. */
export interface RingStepDependencies extends ChangeKeyRingDependencies {
  readonly clock: Clock
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

/**
 * Makes one step of the ring of a running issuer, as {@link changeKeyRing} makes changes, which also says what it throws.
 *
 * @param decide pure; it is asked again, with the same key, after each conflict.
 */
export async function makeRingStep<T>(
  dependencies: RingStepDependencies,
  decide: (ring: KeyRing, facts: DecisionFacts) => RingDecision<T>,
): Promise<ChangedKeyRing<T>> {
  const { keyRing, clock } = dependencies
  let key: SigningKeyMaterial | undefined
  const readFacts = (): DecisionFacts => {
    const now = clock()
    return { now, clockWentBackBy: seconds(Math.max(0, keyRing.latestReadAt() - now)), key }
  }
  return changeKeyRing(dependencies, async (ring) => {
    let facts = readFacts()
    let decision = decide(ring, facts)
    if (decision.type === 'generate') {
      key = await generateKeyMaterial(decision.specification)
      // That took a while, so the moment of the step is read after it.
      facts = readFacts()
      decision = decide(ring, facts)
    }
    if (decision.type === 'generate') throw new RangeError('a decision asks for the key it was given')
    if (decision.type === 'nothing') return { answer: decision.answer }
    const changed = applyStep(ring, decision.step, facts.now)
    return { changed, answer: decision.answer, decidedAt: facts.now }
  })
}
