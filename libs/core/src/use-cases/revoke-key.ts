import { IssuerError } from '../errors.ts'
import { activeKey, isTombstone, nextKey, type KeyRing } from '../key-ring/key-ring.ts'
import { oldSetsGoneAt } from '../key-ring/rotation-policy.ts'
import type { UnixSeconds } from '../time.ts'
import { makeRingStep, type DecisionFacts, type RingDecision } from './make-ring-step.ts'
import { lackedUntil } from './rotate-by-hand.ts'
import type { RotateKeysDependencies } from './rotate-keys.ts'

/** Which key goes, and why. */
export interface RevokeKeyRequest {
  readonly kid: string
  /** Kept with the tombstone. */
  readonly reason?: string
}

/** What became of it. */
export interface RevokeKeyAnswer {
  readonly kid: string
  readonly revoked_at: UnixSeconds
  /** Until when a verifier may accept the key from a copy of the key set; the issuer can do nothing about those. */
  readonly cached_until: UnixSeconds
  /** The key that signs now. */
  readonly active_kid: string
  /** Where that one comes from when the revoked key was the active one: it waited already, or was made for this. */
  readonly successor?: 'promoted' | 'created'
  /** Until when a verifier may not know a successor; absent when all do, and when another key was revoked. */
  readonly verifiers_lack_until?: UnixSeconds
}

/** Revokes a key. */
export type RevokeKey = (request: RevokeKeyRequest) => Promise<RevokeKeyAnswer>

/**
 * Makes {@link RevokeKey}: takes a key out at once, whatever its state, and leaves a tombstone, so that it never comes
 * back. When it was the active one, the same save lets the next key sign, or a new one when none waits.
 *
 * The function throws `ERR_KEY_NOT_FOUND`, `ERR_KEY_REVOKED` when it was revoked before, and what `makeRingStep` does.
 */
export function createRevokeKey(dependencies: RotateKeysDependencies): RevokeKey {
  return async (request) => {
    const { answer } = await makeRingStep(dependencies, (ring, facts) =>
      decideRevocation(ring, request, facts, dependencies),
    )
    return answer
  }
}

function decideRevocation(
  ring: KeyRing,
  { kid, reason }: RevokeKeyRequest,
  { now, key }: DecisionFacts,
  { policy, specification, holds = () => [] }: RotateKeysDependencies,
): RingDecision<RevokeKeyAnswer> {
  if (ring.history.some((entry) => entry.kid === kid && isTombstone(entry))) {
    throw new IssuerError('ERR_KEY_REVOKED', `key ${kid} was revoked already`, { details: { kid } })
  }
  const answer = { kid, revoked_at: now, cached_until: oldSetsGoneAt(policy, now) }
  const step = { type: 'revoke', kid, ...(reason !== undefined && { reason }) } as const
  const active = activeKey(ring)
  if (active.kid !== kid) return { type: 'save', step, answer: { ...answer, active_kid: active.kid } }
  const next = nextKey(ring)
  if (next !== undefined) {
    const successor = { successor: 'promoted', ...lackedUntil(policy, next, now, holds()) } as const
    return { type: 'save', step, answer: { ...answer, active_kid: next.kid, ...successor } }
  }
  if (key === undefined) return { type: 'generate', specification }
  const made = { kid: key.kid, published_at: now }
  const successor = { successor: 'created', ...lackedUntil(policy, made, now) } as const
  return {
    type: 'save',
    step: { ...step, successor: key },
    answer: { ...answer, active_kid: key.kid, ...successor },
  }
}
