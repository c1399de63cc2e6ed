import type { RunnerTokenRequest } from '@workload-identity/api'
import { MAX_TTL, parseAudiences, resolveTtl, type TokenOptions } from '@workload-identity/core'

/**
 * What is asked of the issuer for a sandbox: refused here if it can never be granted, and with the life brought into
 * the range that any cluster may allow, so that wishes which mean the same are the same.
 *
 * @throws {IssuerError} `ERR_AUDIENCE_INVALID`, `ERR_TTL_INVALID` as the issuer would.
 */
export function buildTokenRequest(sandboxId: string, { audience, ttl }: TokenOptions): RunnerTokenRequest {
  return {
    sandbox_id: sandboxId,
    ...(audience !== undefined && { audience: [...parseAudiences(audience)] }),
    ...(ttl !== undefined && { ttl: resolveTtl(ttl, { defaultTtl: MAX_TTL, maxTtl: MAX_TTL }) }),
  }
}

/**
 * What tells requests of one sandbox apart. Audiences count as a set: `aud` is one (RFC 7519 §4.1.3), and whoever checks
 * it looks for a member. So a kept token may name them in the order of an earlier request; a new one keeps that of its own.
 */
export function variantOf({ audience, ttl }: RunnerTokenRequest): string {
  const audiences = audience === undefined ? '' : [...[audience].flat()].sort().join(' ')
  return `${ttl ?? ''} ${audiences}`
}

/** About how many bytes a request takes in the body of a batch; all of it is ASCII but for what is escaped. */
export function sizeOfTokenRequest({ sandbox_id: id, audience = [] }: RunnerTokenRequest): number {
  return 64 + id.length + JSON.stringify(audience).length
}
