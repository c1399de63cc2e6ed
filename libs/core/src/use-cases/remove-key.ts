import { IssuerError } from '../errors.ts'
import type { KeyRing } from '../key-ring/key-ring.ts'
import { withHolds, type ActivationHold } from '../key-ring/rotation-plan.ts'
import type { RotationPolicy } from '../key-ring/rotation-policy.ts'
import { addSeconds, formatMoment, type UnixSeconds } from '../time.ts'
import { makeRingStep, type RingStepDependencies } from './make-ring-step.ts'

/** What removing needs. */
export interface RemoveKeyDependencies extends RingStepDependencies {
  readonly policy: RotationPolicy
  /** What the keys wait for besides their dates; nothing unless given. */
  readonly holds?: () => readonly ActivationHold[]
}

/** Which key goes. */
export interface RemoveKeyRequest {
  readonly kid: string
  /** Also when tokens that it signed may still be alive; verifiers refuse them then. */
  readonly force?: boolean
}

/** Removes a retired key before its time, or a legacy key, which has none. */
export type RemoveKey = (request: RemoveKeyRequest) => Promise<void>

/**
 * Makes {@link RemoveKey}. The key leaves no tombstone: nothing is said against it.
 *
 * The function throws `ERR_KEY_NOT_FOUND`; `ERR_KEY_TRANSITION` for a key that signs or waits; `ERR_KEY_IN_USE` when its
 * tokens may be alive and it is not forced; and what `makeRingStep` does.
 */
export function createRemoveKey(dependencies: RemoveKeyDependencies): RemoveKey {
  return async ({ kid, force }) => {
    await makeRingStep(dependencies, (ring, { now }) => {
      if (force !== true) assertTokensOver(ring, kid, dependencies, now)
      return { type: 'save', step: { type: 'remove', kid }, answer: undefined }
    })
  }
}

function assertTokensOver(
  ring: KeyRing,
  kid: string,
  { policy: { keepRetired }, holds = () => [] }: RemoveKeyDependencies,
  now: UnixSeconds,
): void {
  const key = ring.keys.find((entry) => entry.kid === kid)
  if (key?.retired_at === undefined) return
  const dated = key.remove_at ?? addSeconds(key.retired_at, keepRetired)
  const { at: over } = withHolds({ at: dated, because: '' }, kid, holds())
  if (now >= over) return
  throw new IssuerError(
    'ERR_KEY_IN_USE',
    `tokens of key ${kid} may be alive until ${formatMoment(over)}: wait, or force it if verifiers shall refuse them`,
    { details: { kid, until: over } },
  )
}
