import { seconds, type Seconds, type UnixSeconds } from '../time.ts'
import { algorithms } from './algorithms.ts'
import { publishedKeys, type KeyEntry, type KeyRing } from './key-ring.ts'
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

/**
 * How long the JWK set may be cached: `max-age` is half of the time to the next change that the ring itself holds,
 * within 60 s and the policy's `jwksMaxAge`.
 */
export function jwksCacheLifetime(ring: KeyRing, policy: RotationPolicy, now: UnixSeconds): CacheLifetime {
  const changes = ring.keys.flatMap((key) =>
    key.remove_at !== undefined && key.remove_at > now ? [key.remove_at] : [],
  )
  const half = Math.floor((Math.min(...changes) - now) / 2)
  const maxAge = seconds(Math.max(MIN_JWKS_MAX_AGE, Math.min(half, policy.jwksMaxAge)))
  return policy.staleIfError > 0 ? { maxAge, staleIfError: policy.staleIfError } : { maxAge }
}
