import { addSeconds, seconds, unixSeconds, type Seconds, type UnixSeconds } from '../time.ts'
import { algorithms, type KeySpecification } from './algorithms.ts'
import { activeKey, publishedKeys, type KeyEntry, type KeyRing } from './key-ring.ts'
import { dueSteps } from './rotation-plan.ts'
import type { RotationPolicy } from './rotation-policy.ts'

/** A public key as verifiers get it (RFC 7517 §4). */
export interface PublishedJwk {
  readonly kty: string
  readonly kid: string
  readonly use: 'sig'
  readonly alg: string
  readonly [member: string]: string
}

/** A JWK set (RFC 7517 §5). */
export interface Jwks {
  readonly keys: readonly PublishedJwk[]
}

/** How long an answer may be kept by those who fetch it, in seconds. */
export interface CacheLifetime {
  readonly maxAge: Seconds
  /** Absent when a stale answer must not be used. */
  readonly staleIfError?: Seconds
}

/** The shortest `max-age` that is ever served; also what a replica serves that has lost touch with its store. */
export const MIN_JWKS_MAX_AGE = seconds(60)

/** The share of `max-age` that jitter takes away at most. */
const JITTER_SHARE = 0.1

/** The key as verifiers get it: members of an allow-list are copied, nothing is taken out of a private key. */
export function toPublicJwk(key: Pick<KeyEntry, 'kid' | 'alg' | 'public'>): PublishedJwk {
  const { kty = '', ...members } = Object.fromEntries(
    algorithms[key.alg].publicMembers.map((name) => [name, key.public[name] ?? '']),
  )
  return { kty, kid: key.kid, use: 'sig', alg: key.alg, ...members }
}

/** The JWK set of a ring at `now`; the same ring and moment always give the same bytes as JSON. */
export function toPublicJwks(ring: KeyRing, now: UnixSeconds): Jwks {
  return { keys: publishedKeys(ring, now).map(toPublicJwk) }
}

/** What the life of a key set in caches depends on besides ring, policy and time. */
export interface CacheLifetimeOptions {
  /** The kind of key that is wanted, so that a change of it counts as the change that is ahead. */
  readonly specification?: KeySpecification
  /** A random number from 0 up to 1: by how much of a tenth `max-age` is shortened; 0 unless given. */
  readonly jitter?: number
}

/**
 * How long the JWK set may be cached at `now`. `max-age` is half of the time to the next change of the set, planned
 * ones included, within 60 s and the policy's `jwksMaxAge`; jitter only ever shortens it, so that caches which asked
 * together do not come back together. `stale-if-error` is the policy's: a key is published so far ahead, and kept so long,
 * that a stale set does no harm. Pure.
 *
 * @throws {RangeError} when `jitter` is not within 0 and 1.
 */
export function jwksCacheLifetime(
  ring: KeyRing,
  policy: RotationPolicy,
  now: UnixSeconds,
  { specification, jitter = 0 }: CacheLifetimeOptions = {},
): CacheLifetime {
  if (!(jitter >= 0 && jitter <= 1)) throw new RangeError(`jitter is not within 0 and 1: ${jitter}`)
  const half = Math.floor((nextChangeOfSet(ring, policy, now, specification) - now) / 2)
  const longest = Math.min(half, policy.jwksMaxAge)
  const maxAge = seconds(Math.max(MIN_JWKS_MAX_AGE, Math.floor(longest * (1 - JITTER_SHARE * jitter))))
  return policy.staleIfError > 0 ? { maxAge, staleIfError: policy.staleIfError } : { maxAge }
}

/**
 * When the key set of a ring will next be another one, by its own dates and by plan; `now` when that is overdue. Pure.
 *
 * @param specification the kind of key that is wanted; the kind of the active key unless given.
 */
export function nextChangeOfSet(
  ring: KeyRing,
  policy: RotationPolicy,
  now: UnixSeconds,
  specification: KeySpecification = activeKey(ring).alg,
): UnixSeconds {
  const [rotation, ...removals] = dueSteps(ring, policy, now, specification)
  const rotatesAt = unixSeconds(Math.max(rotation.at, now))
  // That a key begins to sign changes nothing in the set; what follows from it does.
  const planned =
    rotation.step.type === 'publish-next'
      ? [rotatesAt]
      : [
          addSeconds(rotatesAt, policy.keepRetired),
          addSeconds(rotatesAt, seconds(Math.max(0, policy.activeFor - policy.publishAhead))),
        ]
  const dated = removals.map((removal) => removal.at).filter((at) => at > now)
  return unixSeconds(Math.min(...planned, ...dated))
}
