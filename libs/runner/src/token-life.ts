import type { UnixSeconds } from '@workload-identity/core'
import { readTokenFacts } from './token-facts.ts'

/** How long a token counts, in milliseconds of a time that never goes back. */
export interface TokenLife {
  readonly issuedMs: number
  readonly expiresMs: number
}

/** A token as an answer gives it. */
export interface MintedToken {
  readonly value: string
  /** Unix seconds. */
  readonly expires_at: number
}

/** Whatever the clocks say: nobody is asked for a new token more often than about every half of this. */
const SHORTEST_LIFE = 10

/**
 * The life of a token that was asked for at `askedMs`: as long as the issuer made it, by the token's own times, so that a clock
 * that is wrong here neither shortens nor lengthens it. Of a token that tells no times `now` has to do.
 */
export function lifeOfNewToken(
  { value, expires_at }: MintedToken,
  askedMs: number,
  now: UnixSeconds,
): TokenLife {
  const facts = readTokenFacts(value)
  const life = facts === undefined ? expires_at - now : facts.exp - facts.iat
  return { issuedMs: askedMs, expiresMs: askedMs + Math.max(life, SHORTEST_LIFE) * 1000 }
}

/** The life of a token of earlier, by what it tells: `now` and `nowMs` are the same moment. */
export function lifeOfFoundToken(
  { iat, exp }: { readonly iat: number; readonly exp: number },
  nowMs: number,
  now: UnixSeconds,
): TokenLife {
  const expiresMs = nowMs + (exp - now) * 1000
  return { issuedMs: expiresMs - (exp - iat) * 1000, expiresMs }
}
