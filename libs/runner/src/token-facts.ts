import type { TokenFile } from '@workload-identity/core'

/** What a token says of itself, unverified: enough to tell when it is to be replaced, and nothing to rely on. */
export interface TokenFacts {
  readonly iss: string
  /** Absent in tokens of system workloads. */
  readonly sandbox_id?: string
  /** Absent when it belongs to no application. */
  readonly app?: string
  readonly audiences: readonly string[]
  /** Unix seconds. */
  readonly iat: number
  /** Unix seconds, after `iat`. */
  readonly exp: number
}

/** Whom a token is to be for. */
export interface WantedToken {
  readonly sandboxId: string
  readonly app: string
  readonly file: TokenFile
  /** The issuer, if it is known yet. */
  readonly issuerUrl?: string
}

const compactJws = /^[A-Za-z0-9_-]+\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/

/** What the compact JWS says in its payload; `undefined` when it is none, is cut off, or says no such thing. */
export function readTokenFacts(token: string): TokenFacts | undefined {
  const payload = parseObject(compactJws.exec(token)?.[1])
  const { iss, sandbox_id, app, aud, iat, exp } = payload
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (typeof iss !== 'string' || !isMoment(iat) || !isMoment(exp) || exp <= iat) return undefined
  if (!audiences.every((audience) => typeof audience === 'string')) return undefined
  return {
    ...{ iss, audiences, iat, exp },
    ...(typeof sandbox_id === 'string' && { sandbox_id }),
    ...(typeof app === 'string' && { app }),
  }
}

/**
 * Whether a token found in a file may stay there until half of its life is over. It may not when it is of another issuer or
 * sandbox, for other audiences, or lives longer than the file asks for.
 */
export function fitsFile(facts: TokenFacts, { sandboxId, app, file, issuerUrl }: WantedToken): boolean {
  const { audience, ttl } = file
  const audiences = typeof audience === 'string' ? [audience] : audience
  return (
    facts.sandbox_id === sandboxId &&
    (facts.app ?? '') === app &&
    (issuerUrl === undefined || facts.iss === issuerUrl) &&
    (audiences === undefined || JSON.stringify(facts.audiences) === JSON.stringify(audiences)) &&
    // A longer wish may have been clamped; a shorter one is kept to, but for what the issuer's least life makes of it.
    (ttl === undefined || facts.exp - facts.iat <= Math.max(ttl, 60))
  )
}

function parseObject(encoded: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded ?? '', 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}
