import {
  checkRotationPolicy,
  CLOCK_TOLERANCE,
  planRotation,
  rotationTimeline,
  toPublicJwk,
  type KeyEntry,
  type KeyHistoryEntry,
  type KeyRing,
  type UnixSeconds,
} from '@workload-identity/core'
import type { RotationFacts } from './control-options.ts'

/** The facts of a key that may be shown; copied from an allow-list, so that a private half cannot be among them. */
export function toKeyView(key: KeyEntry) {
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
    jwk: toPublicJwk(key),
  }
}

/** The facts of a key that is gone. */
export function toHistoryView({ kid, alg, signed_from, signed_until, ended_at, reason }: KeyHistoryEntry) {
  return {
    kid,
    ...(alg !== undefined && { alg }),
    ...(signed_from !== undefined && { signed_from }),
    ...(signed_until !== undefined && { signed_until }),
    ended_at,
    reason,
  }
}

/** What happens to the keys from `now` on, and the rules that it follows from. */
export function toPlanView(
  ring: KeyRing,
  { policy, maxTtl, specification }: RotationFacts,
  now: UnixSeconds,
) {
  const { step, at, because } = planRotation(ring, policy, now, specification)
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
    timeline: rotationTimeline(ring, policy, now, specification),
  }
}
