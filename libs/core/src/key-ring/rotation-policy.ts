import { IssuerError } from '../errors.ts'
import { addSeconds, seconds, type Seconds, type UnixSeconds } from '../time.ts'
import { MAX_TTL } from '../token/ttl.ts'

/**
 * How far any two clocks of issuers and verifiers may be apart, rounding to whole seconds included. A verifier may
 * accept a token for that long after its end.
 */
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

/** The rules of a rotation policy, by name. */
export type PolicyRuleName =
  | 'jwks-max-age-at-least'
  | 'jwks-max-age-at-most'
  | 'stale-if-error-not-negative'
  | 'store-lag-at-least'
  | 'active-longer-than-ahead'
  | 'published-before-it-signs'
  | 'kept-after-it-signed'

/** One inequality of a policy with its numbers: `left` `comparison` `right`, all in seconds. */
export interface PolicyCheck {
  readonly name: PolicyRuleName
  readonly left: number
  readonly comparison: '>' | '>=' | '<='
  readonly right: number
  readonly holds: boolean
  /** The rule with its numbers, for people; true or not. */
  readonly sentence: string
}

interface PolicyRule {
  readonly name: PolicyRuleName
  readonly comparison: PolicyCheck['comparison']
  readonly left: (policy: RotationPolicy) => number
  readonly right: (policy: RotationPolicy, maxTtl: Seconds) => number
  readonly sentence: (left: number, right: number) => string
}

const comparisons: Readonly<Record<PolicyCheck['comparison'], (left: number, right: number) => boolean>> = {
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '<=': (left, right) => left <= right,
}

const jwksMaxAgeSentence = (left: number) => `jwksMaxAge is ${left} s; it must be within 60 and 86400 s`

/** Every rule. The last two keep tokens and keys together; `docs/key-rotation.md` shows what happens without them. */
const rules: readonly PolicyRule[] = [
  {
    name: 'jwks-max-age-at-least',
    left: (policy) => policy.jwksMaxAge,
    comparison: '>=',
    right: () => 60,
    sentence: jwksMaxAgeSentence,
  },
  {
    name: 'jwks-max-age-at-most',
    left: (policy) => policy.jwksMaxAge,
    comparison: '<=',
    right: () => 86_400,
    sentence: jwksMaxAgeSentence,
  },
  {
    name: 'stale-if-error-not-negative',
    left: (policy) => policy.staleIfError,
    comparison: '>=',
    right: () => 0,
    sentence: (left) => `staleIfError is ${left} s; it must not be negative`,
  },
  {
    name: 'store-lag-at-least',
    left: (policy) => policy.storeLag,
    comparison: '>=',
    right: () => 1,
    sentence: (left) => `storeLag is ${left} s; it must be at least 1 s`,
  },
  {
    name: 'active-longer-than-ahead',
    left: (policy) => policy.activeFor,
    comparison: '>',
    right: (policy) => policy.publishAhead,
    sentence: (left, right) => `activeFor (${left} s) must be more than publishAhead (${right} s)`,
  },
  {
    name: 'published-before-it-signs',
    left: (policy) => policy.publishAhead,
    comparison: '>=',
    right: oldSetsLive,
    sentence: (left, right) =>
      `publishAhead (${left} s) must be at least 2 × jwksMaxAge + staleIfError + 2 × tolerance + storeLag = ${right} s`,
  },
  {
    name: 'kept-after-it-signed',
    left: (policy) => policy.keepRetired,
    comparison: '>=',
    right: ({ storeLag }, maxTtl) => maxTtl + 3 * CLOCK_TOLERANCE + storeLag,
    sentence: (left, right) =>
      `keepRetired (${left} s) must be at least the maximum TTL + 3 × tolerance + storeLag = ${right} s`,
  },
]

/**
 * What `publishAhead` leaves for `stale-if-error` when the operator has not set it: at most the default, at least 0.
 * Pure.
 */
export function derivedStaleIfError(policy: Omit<RotationPolicy, 'staleIfError'>): Seconds {
  const left = policy.publishAhead - oldSetsLive({ ...policy, staleIfError: seconds(0) })
  return seconds(Math.max(0, Math.min(left, DEFAULT_ROTATION_POLICY.staleIfError)))
}

/**
 * The moment from which on nobody uses a key set of before `change`: the slowest replica has read the ring, a shared
 * cache and the verifier behind it have used their copies up, and the cache could not reach the issuer all the while. Pure.
 */
export function oldSetsGoneAt(policy: RotationPolicy, change: UnixSeconds): UnixSeconds {
  return addSeconds(change, seconds(oldSetsLive(policy)))
}

/**
 * Whether a ring that was read at `readAt` may sign at `now`. Pure. A clock that was put back must not make an old reading
 * young: from before `readAt` it counts as stale, too, but for the tolerance that the policy reckons with.
 */
export function isReadingFresh(readAt: UnixSeconds, now: UnixSeconds, storeLag: Seconds): boolean {
  const age = now - readAt
  return age >= -CLOCK_TOLERANCE && age < storeLag
}

/**
 * Every inequality of a policy with its numbers, whether it holds or not; when all hold, no token can ever meet a
 * verifier that lacks its key. Pure.
 *
 * @param maxTtl the longest life of a token under this policy.
 */
export function checkRotationPolicy(
  policy: RotationPolicy,
  maxTtl: Seconds = MAX_TTL,
): readonly PolicyCheck[] {
  return rules.map(({ name, comparison, ...rule }) => {
    const [left, right] = [rule.left(policy), rule.right(policy, maxTtl)]
    const holds = comparisons[comparison](left, right)
    return { name, left, comparison, right, holds, sentence: rule.sentence(left, right) }
  })
}

/**
 * Every rule that a policy breaks, with its numbers; empty when no token can ever meet a verifier that lacks its key.
 *
 * @param maxTtl the longest life of a token under this policy.
 */
export function rotationPolicyProblems(policy: RotationPolicy, maxTtl: Seconds = MAX_TTL): readonly string[] {
  const { activeFor, publishAhead, keepRetired, jwksMaxAge, staleIfError, storeLag } = policy
  const terms = { activeFor, publishAhead, keepRetired, jwksMaxAge, staleIfError, storeLag }
  const notWhole = Object.entries(terms)
    .filter(([, value]) => !Number.isSafeInteger(value))
    .map(([name]) => `${name} must be a whole number of seconds`)
  const broken = checkRotationPolicy(policy, maxTtl)
    // What is not a number at all was named already.
    .filter(({ left, right, holds }) => !holds && !Number.isNaN(left) && !Number.isNaN(right))
    .map((check) => check.sentence)
  return [...notWhole, ...broken]
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

/** How long a key set that lacks the latest key may still be in use after that key was saved, in seconds. */
function oldSetsLive({ jwksMaxAge, staleIfError, storeLag }: RotationPolicy): number {
  return 2 * jwksMaxAge + staleIfError + 2 * CLOCK_TOLERANCE + storeLag
}
