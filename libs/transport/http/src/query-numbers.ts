import { IssuerError } from '@workload-identity/core'
import { invalidRequest } from './http-refusal.ts'

/** The longest list that is given at once. */
export const MAX_PAGE_LIMIT = 1000

/** The length of a list when none is asked for. */
export const DEFAULT_PAGE_LIMIT = 100

/**
 * The `ttl` of a query in seconds. A number beyond what can be counted exactly is as good as the greatest that can: it
 * is clamped anyway.
 *
 * @throws {IssuerError} `ERR_TTL_INVALID` unless the text is decimal digits.
 */
export function parseTtl(text: string): number {
  if (!/^\d+$/.test(text)) {
    throw new IssuerError('ERR_TTL_INVALID', 'the ttl must be a whole number of seconds of at least 1')
  }
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

/**
 * The `limit` of a list.
 *
 * @throws {HttpRefusal} 400 unless it is a whole number within 1 and 1000.
 */
export function parsePageLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_PAGE_LIMIT
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > MAX_PAGE_LIMIT) {
    throw invalidRequest(`limit must be a whole number within 1 and ${MAX_PAGE_LIMIT}`)
  }
  return limit
}
