import {
  checkRotationPolicy,
  CLOCK_TOLERANCE,
  planRotation,
  rotationTimeline,
  toPublicJwk,
  type KeyEntry,
  type KeyRing,
  type SigningRecord,
  type UnixSeconds,
} from '@workload-identity/core'
import type { KeySighting, RotationFacts } from './control-options.ts'

/** The facts of a key that may be shown; copied from an allow-list, so that a private half cannot be among them. */
export function toKeyView(key: KeyEntry, sightings: readonly KeySighting[] = []) {
  const { kid, alg, state, origin, created_at, published_at, activated_at, retired_at, remove_at, reason } =
    key
  return {
    kid,
    alg,
    state,
    origin,
    created_at,
    published_at,
    ...(activated_at !== undefined && { activated_at }),
    ...(retired_at !== undefined && { retired_at }),
    ...(remove_at !== undefined && { remove_at }),
    ...(reason !== undefined && { reason }),
    ...(state === 'next' && { seen_by: sightings }),
    jwk: toPublicJwk(key),
  }
}

/** The facts of a key that signs no more, and when it did. */
export function toHistoryView({ kid, alg, state, public: half, signed, ...facts }: SigningRecord) {
  const { remove_at, ended_at, reason } = facts
  return {
    kid,
    ...(alg !== undefined && { alg }),
    state,
    ...(signed?.from !== undefined && { signed_from: signed.from }),
    ...(signed?.until !== undefined && { signed_until: signed.until }),
    ...(remove_at !== undefined && { remove_at }),
    ...(ended_at !== undefined && { ended_at }),
    ...(reason !== undefined && { reason }),
    ...(alg !== undefined && { jwk: toPublicJwk({ kid, alg, public: half }) }),
  }
}

/** What happens to the keys from `now` on, and the rules that it follows from. */
export function toPlanView(
  ring: KeyRing,
  { policy, maxTtl, specification, holds = () => [] }: RotationFacts,
  now: UnixSeconds,
) {
  const { step, at, because } = planRotation(ring, policy, now, specification, holds())
  return {
    now,
    signing_algorithm: specification,
    policy: {
      active_for: policy.activeFor,
      publish_ahead: policy.publishAhead,
      keep_retired: policy.keepRetired,
      jwks_max_age: policy.jwksMaxAge,
      stale_if_error: policy.staleIfError,
      store_lag: policy.storeLag,
      max_ttl: maxTtl,
      clock_tolerance: CLOCK_TOLERANCE,
    },
    checks: checkRotationPolicy(policy, maxTtl),
    next_change: { ...(step !== undefined && { due: step.type }), at, because },
    timeline: rotationTimeline(ring, policy, now, specification, holds()),
  }
}
