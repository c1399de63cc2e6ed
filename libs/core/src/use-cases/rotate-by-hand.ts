import { IssuerError } from '../errors.ts'
import { activeKey, nextKey, type KeyEntry, type KeyRing } from '../key-ring/key-ring.ts'
import { withHolds, type ActivationHold } from '../key-ring/rotation-plan.ts'
import { oldSetsGoneAt, type RotationPolicy } from '../key-ring/rotation-policy.ts'
import { addSeconds, formatMoment, seconds, unixSeconds, type UnixSeconds } from '../time.ts'
import { makeRingStep, type DecisionFacts, type RingDecision } from './make-ring-step.ts'
import type { RotateKeysDependencies } from './rotate-keys.ts'

/** What an operator asks for. */
export interface RotateByHandRequest {
  /** Lets the next key sign at once, whoever has seen it; makes one when none waits. */
  readonly force?: boolean
  /** Refuses when another key signs, so that asking twice rotates once. */
  readonly expected_active_kid?: string
}

/** What became of it. */
export interface RotateByHandAnswer {
  /** The next key was published, or began to sign, or must wait until `promotable_at`. */
  readonly outcome: 'published' | 'promoted' | 'waiting'
  /** The key that signs now. */
  readonly active_kid: string
  /** The key that is published and waits. */
  readonly next_kid?: string
  /** From when on the same request lets the next key sign. */
  readonly promotable_at?: UnixSeconds
  /** Until when a verifier may not know the key that signs now; absent when all do. */
  readonly verifiers_lack_until?: UnixSeconds
}

/** Rotates by hand. */
export type RotateByHand = (request?: RotateByHandRequest) => Promise<RotateByHandAnswer>

/**
 * Makes {@link RotateByHand}: publishes the next key when there is none, lets it sign once `publishAhead` has passed, or
 * says when that will be. It does not wait for the active key's time to end.
 *
 * The function throws `ERR_ACTIVE_KEY_CHANGED` when another key signs than was expected, and what `makeRingStep` does.
 */
export function createRotateByHand(dependencies: RotateKeysDependencies): RotateByHand {
  return async (request = {}) => {
    const { answer } = await makeRingStep(dependencies, (ring, facts) => {
      assertActiveKey(ring, request.expected_active_kid)
      return request.force === true
        ? decideForced(ring, facts, dependencies)
        : decideRotation(ring, facts, dependencies)
    })
    return answer
  }
}

function decideRotation(
  ring: KeyRing,
  { now, key, clockWentBackBy }: DecisionFacts,
  { policy, specification, holds = () => [] }: RotateKeysDependencies,
): RingDecision<RotateByHandAnswer> {
  const { kid: active_kid, activated_at: signsSince = now } = activeKey(ring)
  const next = nextKey(ring)
  if (next === undefined) {
    if (key === undefined) return { type: 'generate', specification }
    const promotable_at = addSeconds(unixSeconds(Math.max(signsSince, now)), policy.publishAhead)
    const answer = { outcome: 'published', active_kid, next_kid: key.kid, promotable_at } as const
    return { type: 'save', step: { type: 'publish-next', key }, answer }
  }
  const { at: promotable_at } = withHolds(
    { at: addSeconds(next.published_at, policy.publishAhead), because: '' },
    next.kid,
    holds(),
  )
  if (now < promotable_at) {
    return { type: 'nothing', answer: { outcome: 'waiting', active_kid, next_kid: next.kid, promotable_at } }
  }
  const keepRetired = seconds(policy.keepRetired + clockWentBackBy)
  const answer = { outcome: 'promoted', active_kid: next.kid } as const
  return { type: 'save', step: { type: 'activate', kid: next.kid, keepRetired }, answer }
}

function decideForced(
  ring: KeyRing,
  { now, key, clockWentBackBy }: DecisionFacts,
  { policy, specification, holds = () => [] }: RotateKeysDependencies,
): RingDecision<RotateByHandAnswer> {
  const keepRetired = seconds(policy.keepRetired + clockWentBackBy)
  const next = nextKey(ring)
  if (next !== undefined) {
    const answer = {
      outcome: 'promoted',
      active_kid: next.kid,
      ...lackedUntil(policy, next, now, holds()),
    } as const
    return { type: 'save', step: { type: 'activate', kid: next.kid, keepRetired }, answer }
  }
  if (key === undefined) return { type: 'generate', specification }
  const made = { kid: key.kid, published_at: now }
  const answer = { outcome: 'promoted', active_kid: key.kid, ...lackedUntil(policy, made, now) } as const
  return { type: 'save', step: { type: 'take-over', key, keepRetired }, answer }
}

/** Until when a verifier may not know a key that signs now, as far as `holds` can tell; nothing when all do. Pure. */
export function lackedUntil(
  policy: RotationPolicy,
  { kid, published_at }: Pick<KeyEntry, 'kid' | 'published_at'>,
  now: UnixSeconds,
  holds: readonly ActivationHold[] = [],
): { readonly verifiers_lack_until?: UnixSeconds } {
  const { at: until } = withHolds({ at: oldSetsGoneAt(policy, published_at), because: '' }, kid, holds)
  return until > now ? { verifiers_lack_until: until } : {}
}

function assertActiveKey(ring: KeyRing, expected: string | undefined): void {
  const { kid, activated_at: since } = activeKey(ring)
  if (expected === undefined || expected === kid) return
  const when = since === undefined ? '' : ` since ${formatMoment(since)}`
  throw new IssuerError(
    'ERR_ACTIVE_KEY_CHANGED',
    `key ${kid} signs${when}, not the expected one: look at the keys, and ask again if a rotation is still wanted`,
    { details: { active_kid: kid, expected_active_kid: expected } },
  )
}
