import { IssuerError } from '../errors.ts'
import { seconds, type Seconds } from '../time.ts'

/** The shortest life of a token. */
export const MIN_TTL = seconds(60)

/** The longest life of a token that any cluster can allow. */
export const MAX_TTL = seconds(86_400)

/** The life of a token for which none is asked, unless the cluster says otherwise. */
export const DEFAULT_TTL = seconds(3600)

/** What a cluster says about the life of tokens. */
export interface TtlPolicy {
  /** The life when none is asked for, 60 … `maxTtl`. */
  readonly defaultTtl: Seconds
  /** The longest life, 60 … 86400. */
  readonly maxTtl: Seconds
}

/**
 * The life a token gets: what was asked for, clamped into 60 … `maxTtl`; the default when nothing was asked for.
 *
 * @param narrower a second upper limit (the sandbox's own), in seconds.
 * @throws {IssuerError} `ERR_TTL_INVALID` for what is not a whole number of at least 1.
 */
export function resolveTtl(requested: number | undefined, policy: TtlPolicy, narrower?: number): Seconds {
  assertTtl(requested)
  const longest = Math.min(policy.maxTtl, narrower ?? policy.maxTtl)
  return seconds(Math.max(MIN_TTL, Math.min(requested ?? policy.defaultTtl, longest)))
}

/**
 * Checks that a life can be asked for; `undefined` asks for none.
 *
 * @throws {IssuerError} `ERR_TTL_INVALID` for what is not a whole number of at least 1.
 */
export function assertTtl(requested: number | undefined): void {
  if (requested === undefined || (Number.isInteger(requested) && requested > 0)) return
  throw new IssuerError('ERR_TTL_INVALID', 'the ttl must be a whole number of seconds of at least 1')
}

/**
 * Checks a {@link TtlPolicy}.
 *
 * @throws {IssuerError} `ERR_POLICY_INVALID` naming the limit that does not hold.
 */
export function assertTtlPolicy({ defaultTtl, maxTtl }: TtlPolicy): void {
  if (!Number.isInteger(maxTtl) || maxTtl < MIN_TTL || maxTtl > MAX_TTL) {
    throw new IssuerError(
      'ERR_POLICY_INVALID',
      `the maximum TTL is ${maxTtl} s; it must be within ${MIN_TTL} and ${MAX_TTL} s`,
    )
  }
  if (!Number.isInteger(defaultTtl) || defaultTtl < MIN_TTL || defaultTtl > maxTtl) {
    throw new IssuerError(
      'ERR_POLICY_INVALID',
      `the default TTL is ${defaultTtl} s; it must be within ${MIN_TTL} s and the maximum TTL of ${maxTtl} s`,
    )
  }
}
