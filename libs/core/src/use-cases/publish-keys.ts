import type { KeySpecification } from '../key-ring/algorithms.ts'
import {
  jwksCacheLifetime,
  MIN_JWKS_MAX_AGE,
  toPublicJwks,
  type CacheLifetime,
  type Jwks,
} from '../key-ring/jwks.ts'
import { publishedKeys, type KeyRing } from '../key-ring/key-ring.ts'
import type { RotationPolicy } from '../key-ring/rotation-policy.ts'
import type { Clock, UnixSeconds } from '../time.ts'

/** What publishing needs. */
export interface PublishKeysDependencies {
  readonly ring: () => KeyRing
  /** Whether the ring was read lately enough to sign with; a set that may be out of date is cached briefly. */
  readonly isFresh: () => boolean
  readonly policy: RotationPolicy
  readonly clock: Clock
  /** The kind of key that is wanted; the kind of the active key unless given. */
  readonly specification?: KeySpecification
  /** Gives a random number from 0 up to 1 that spreads what caches ask; none unless given. */
  readonly random?: () => number
}

/** The JWK set to serve now, and for how long it may be kept. */
export interface PublishedKeys {
  /** The same object as long as the same keys are published. */
  readonly jwks: Jwks
  readonly cache: CacheLifetime
}

/** Makes the function that gives what to publish at this moment; never frozen, always from ring and clock. */
export function createPublishKeys({
  ring,
  isFresh,
  policy,
  clock,
  specification,
  random = () => 0,
}: PublishKeysDependencies): () => PublishedKeys {
  let rendered: { readonly ring: KeyRing; readonly count: number; readonly jwks: Jwks } | undefined
  let latest: { ring: KeyRing; now: UnixSeconds; fresh: boolean; published: PublishedKeys } | undefined
  return () => {
    const now = clock()
    const current = ring()
    const fresh = isFresh()
    // What is published follows from these three and chance, so within a second it is worked out once.
    if (latest?.ring === current && latest.now === now && latest.fresh === fresh) return latest.published
    // Keys only ever leave a given ring by the clock, so an unchanged number is an unchanged set.
    const count = publishedKeys(current, now).length
    if (rendered?.ring !== current || rendered.count !== count) {
      rendered = { ring: current, count, jwks: toPublicJwks(current, now) }
    }
    const options = { jitter: random(), ...(specification !== undefined && { specification }) }
    const cache = fresh ? jwksCacheLifetime(current, policy, now, options) : { maxAge: MIN_JWKS_MAX_AGE }
    latest = { ring: current, now, fresh, published: { jwks: rendered.jwks, cache } }
    return latest.published
  }
}
