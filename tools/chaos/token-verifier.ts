import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { IssuedToken, Ledger } from './ledger.ts'

/** What relying parties do all the time: verifying tokens by the JWKS of every replica. */
export interface TokenVerifier {
  /** Takes over what a replica publishes now; gives the key IDs. */
  update(replica: number, jwks: string): readonly string[]
  /** Verifies the next `count` tokens that have not ended by everything that is published. */
  verifySome(count: number): Promise<void>
  /** Verifies every token that has not ended; each of its keys must be published by every replica that was given. */
  verifyAll(): Promise<number>
}

/** A token about to end may be refused rightly when it is looked at, in seconds. */
const END_MARGIN = 2

interface KeySet {
  readonly kids: readonly string[]
  readonly find: JWTVerifyGetKey
}

/** Makes a verifier of the tokens in the book. Replicas that publish the same bytes count as one. */
export function createTokenVerifier(
  ledger: Ledger,
  expected: { readonly issuer: string; readonly audience: string },
): TokenVerifier {
  const keySets = new Map<string, KeySet>()
  const published = new Map<number, string>()
  let next = 0

  const verify = async (issued: IssuedToken, mustBePublished: boolean) => {
    for (const jwks of new Set(published.values())) {
      const keys = keySets.get(jwks)
      if (keys === undefined) continue
      // Whether a key comes in time is judged by the JWKS themselves.
      if (!keys.kids.includes(issued.kid) && !mustBePublished) continue
      try {
        await jwtVerify(issued.token, keys.find, expected)
        ledger.row().verified += 1
      } catch (error) {
        // This process may have been busy since the token was chosen.
        if (error instanceof errors.JWTExpired && !hasTimeLeft(issued)) continue
        const where = [...published].filter(([, text]) => text === jwks).map(([replica]) => replica)
        ledger.violation(
          `a token of replica ${issued.mintedBy}, key ${issued.kid}, does not verify by the JWKS of ${where.join(', ')}: ${String(error)}`,
        )
      }
    }
  }

  return {
    update(replica, jwks) {
      const parsed = keySets.get(jwks) ?? parseKeySet(jwks)
      keySets.set(jwks, parsed)
      published.set(replica, jwks)
      return parsed.kids
    },
    async verifySome(count) {
      const { tokens } = ledger
      for (let verified = 0; verified < Math.min(count, tokens.length); verified += 1) {
        next = (next + 1) % tokens.length
        const token = tokens[next]
        if (token !== undefined && hasTimeLeft(token)) await verify(token, false)
      }
    },
    async verifyAll() {
      const left = ledger.tokens.filter(hasTimeLeft)
      for (const token of left) await verify(token, true)
      return left.length
    },
  }
}

function parseKeySet(jwks: string): KeySet {
  const document = JSON.parse(jwks) as JSONWebKeySet
  return { kids: document.keys.map(({ kid = '' }) => kid), find: createLocalJWKSet(document) }
}

function hasTimeLeft({ exp }: IssuedToken): boolean {
  return exp - END_MARGIN > Date.now() / 1000
}
