import { IssuerError } from '../errors.ts'
import { seconds, type Seconds } from '../time.ts'
import { MAX_TTL } from '../token/ttl.ts'

/** How far the clocks of issuers and verifiers may be apart. */
export const CLOCK_TOLERANCE = seconds(60)

/** How long keys live and how long anybody may remember an old key set. */
export interface RotationPolicy {
  /** How long a key signs. */
  readonly activeFor: Seconds
  /** How long a key is published before it may sign. */
  readonly publishAhead: Seconds
  /** How long a retired key stays published. */
  readonly keepRetired: Seconds
  /** The longest a verifier may cache the JWKS, 60 … 86400. */
  readonly jwksMaxAge: Seconds
  /** How much longer a verifier may use it while the issuer cannot be reached; 0 = not at all. */
  readonly staleIfError: Seconds
  /** How long a replica may go without reading the ring before it stops signing. */
  readonly storeLag: Seconds
}

/** The policy of an issuer that is told nothing else. */
export const DEFAULT_ROTATION_POLICY: RotationPolicy = {
  activeFor: seconds(30 * 86_400),
  publishAhead: seconds(86_400),
  keepRetired: seconds(26 * 3600),
  jwksMaxAge: seconds(3600),
  staleIfError: seconds(43_200),
  storeLag: seconds(300),
}

/**
 * What `publishAhead` leaves for `stale-if-error` when the operator has not set it: at most the default, at least 0.
 * Pure.
 */
export function derivedStaleIfError(policy: Omit<RotationPolicy, 'staleIfError'>): Seconds {
  const left = policy.publishAhead - 2 * policy.jwksMaxAge - 2 * CLOCK_TOLERANCE - policy.storeLag
  return seconds(Math.max(0, Math.min(left, DEFAULT_ROTATION_POLICY.staleIfError)))
}

/**
 * Every rule that a policy breaks, with its numbers; empty when no token can ever meet a verifier that lacks its key.
 *
 * @param maxTtl the longest life of a token under this policy.
 */
export function rotationPolicyProblems(policy: RotationPolicy, maxTtl: Seconds = MAX_TTL): readonly string[] {
  const { activeFor, publishAhead, keepRetired, jwksMaxAge, staleIfError, storeLag } = policy
  const problems = Object.entries({
    activeFor,
    publishAhead,
    keepRetired,
    jwksMaxAge,
    staleIfError,
    storeLag,
  })
    .filter(([, value]) => !Number.isSafeInteger(value))
    .map(([name]) => `${name} must be a whole number of seconds`)
  if (jwksMaxAge < 60 || jwksMaxAge > 86_400) {
    problems.push(`jwksMaxAge is ${jwksMaxAge} s; it must be within 60 and 86400 s`)
  }
  if (staleIfError < 0) problems.push(`staleIfError is ${staleIfError} s; it must not be negative`)
  if (storeLag < 1) problems.push(`storeLag is ${storeLag} s; it must be at least 1 s`)
  if (activeFor <= publishAhead) {
    problems.push(`activeFor (${activeFor} s) must be more than publishAhead (${publishAhead} s)`)
  }
  const ahead = 2 * jwksMaxAge + staleIfError + 2 * CLOCK_TOLERANCE + storeLag
  if (publishAhead < ahead) {
    problems.push(
      `publishAhead (${publishAhead} s) must be at least 2 × jwksMaxAge + staleIfError + 2 × tolerance + storeLag = ${ahead} s`,
    )
  }
  const keep = maxTtl + 3 * CLOCK_TOLERANCE + storeLag
  if (keepRetired < keep) {
    problems.push(
      `keepRetired (${keepRetired} s) must be at least the maximum TTL + 3 × tolerance + storeLag = ${keep} s`,
    )
  }
  return problems
}

/**
 * Checks a policy.
 *
 * @throws {IssuerError} `ERR_POLICY_INVALID` with every rule that does not hold.
 */
export function assertRotationPolicy(policy: RotationPolicy, maxTtl: Seconds = MAX_TTL): void {
  const problems = rotationPolicyProblems(policy, maxTtl)
  if (problems.length > 0) {
    throw new IssuerError('ERR_POLICY_INVALID', `the rotation policy is unsafe: ${problems.join('; ')}`)
  }
}
