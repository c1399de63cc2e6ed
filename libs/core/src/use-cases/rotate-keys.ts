import type { KeySpecification } from '../key-ring/algorithms.ts'
import {
  planRotation,
  type ActivationHold,
  type PlannedStep,
  type RotationPlan,
} from '../key-ring/rotation-plan.ts'
import type { RotationPolicy } from '../key-ring/rotation-policy.ts'
import { seconds } from '../time.ts'
import { makeRingStep, type RingStepDependencies, type RingDecision } from './make-ring-step.ts'

/** What rotating needs. */
export interface RotateKeysDependencies extends RingStepDependencies {
  readonly policy: RotationPolicy
  /** The kind of new keys. */
  readonly specification: KeySpecification
  /** What the keys wait for besides their dates; nothing unless given. */
  readonly holds?: () => readonly ActivationHold[]
}

/** What one call came to. */
export interface RotationResult {
  /** The step that this call made; absent when none was due, or another replica made it. */
  readonly made?: MadeStep
  /** What comes next: at once when it has a `step`. */
  readonly plan: RotationPlan
}

/** A step that was made and saved, and the key it was made with. */
export interface MadeStep {
  readonly type: PlannedStep['type']
  readonly kid: string
}

/** Makes the step that a ring needs now, if any. Call it again when `plan.at` has come. */
export type RotateKeys = () => Promise<RotationResult>

/**
 * Makes {@link RotateKeys}: one step by `planRotation`, saved before it takes effect. Any number of replicas may call it
 * at any time; each step is made once.
 *
 * The function throws what `makeRingStep` does; the ring in use stays then, and calling it again is safe.
 */
export function createRotateKeys(dependencies: RotateKeysDependencies): RotateKeys {
  const { policy, specification, clock, holds = () => [] } = dependencies
  return async () => {
    const { answer: made, ring } = await makeRingStep<MadeStep | undefined>(
      dependencies,
      (current, { now, clockWentBackBy, key }): RingDecision<MadeStep | undefined> => {
        const { step } = planRotation(current, policy, now, specification, holds())
        switch (step?.type) {
          case undefined:
            return { type: 'nothing', answer: undefined }
          case 'publish-next':
            if (key === undefined) return { type: 'generate', specification }
            return {
              type: 'save',
              step: { type: 'publish-next', key },
              answer: { type: step.type, kid: key.kid },
            }
          case 'activate': {
            const keepRetired = seconds(step.keepRetired + clockWentBackBy)
            return {
              type: 'save',
              step: { ...step, keepRetired },
              answer: { type: step.type, kid: step.kid },
            }
          }
          case 'remove':
            return { type: 'save', step, answer: { type: step.type, kid: step.kid } }
        }
      },
    )
    const plan = planRotation(ring, policy, clock(), specification, holds())
    return made === undefined ? { plan } : { made, plan }
  }
}
