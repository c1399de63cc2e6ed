import { seconds, type IssuedToken } from '@workload-identity/core'
import type { KeptWorth } from './sandbox-cache.ts'
import { readTokenFacts } from './token-facts.ts'

/** A token as it is kept. */
export interface KeptToken extends IssuedToken {
  /** In seconds; 0 = not known. */
  readonly life: number
}

/** The shortest rest of a life with which a token stands in for a new one. */
export const LEAST_LIFE_IN_OUTAGE = seconds(60)

/**
 * What a token is worth `ageMs` after it was asked for: as good as a new one until half of its life, better than none
 * while 60 s of it are left.
 */
export function judgeToken({ life }: KeptToken, ageMs: number): KeptWorth {
  if (2 * ageMs < life * 1000) return 'fresh'
  return life * 1000 - ageMs >= LEAST_LIFE_IN_OUTAGE * 1000 ? 'usable' : 'nothing'
}

/**
 * The life of a token in seconds, from `iat` to `exp`: the issuer's clock gave both, so this holds whatever the clock of
 * this machine says. 0 for what cannot be read: it is handed on as it is, and not kept.
 */
export function lifeOfToken(token: string): number {
  const facts = readTokenFacts(token)
  return facts === undefined ? 0 : facts.exp - facts.iat
}
