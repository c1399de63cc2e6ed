import type { TryResult } from './exchange.ts'

/** The most tries of one request. */
export const MAX_TRIES = 3

/** What decides whether a request is sent again. */
export interface RetryFacts {
  /** How many tries were made, this one included. */
  readonly tries: number
  readonly result: TryResult
  /** Whether asking twice does no more than asking once. */
  readonly isRepeatable: boolean
  readonly elapsedMs: number
  readonly totalTimeoutMs: number
  /** From 0 up to but not including 1. */
  readonly random: number
}

/**
 * How many milliseconds to wait before the next try; absent = this was the last one. A request is sent again when it was
 * surely not received; one that may be repeated, also when the answer was cut off, late or a 5xx. Never after a 4xx: it
 * would be the same again. A `Retry-After` is waited for if it ends in time.
 */
export function planRetry(facts: RetryFacts): number | undefined {
  const { tries, result, isRepeatable, elapsedMs, totalTimeoutMs, random } = facts
  if (tries >= MAX_TRIES) return undefined
  if (result.type === 'answered' && result.status < 500) return undefined
  if (result.type === 'failed' && result.isFinal) return undefined
  const surelyNotReceived = result.type === 'failed' && !result.maybeReceived
  if (!isRepeatable && !surelyNotReceived) return undefined
  // 50–150 ms, then 200–600 ms: spread, since everybody notices at the same moment that an issuer is gone.
  const backoffMs = 100 * 4 ** (tries - 1) * (0.5 + random)
  const retryAfter = result.type === 'answered' ? retryAfterSeconds(result) : undefined
  const delayMs = retryAfter === undefined ? backoffMs : retryAfter * 1000 + backoffMs
  return elapsedMs + delayMs < totalTimeoutMs ? delayMs : undefined
}

/** The `Retry-After` of an answer in seconds; absent when there is none, or a date: that would need the issuer's clock. */
export function retryAfterSeconds({
  headers,
}: Pick<Extract<TryResult, { type: 'answered' }>, 'headers'>): number | undefined {
  const text = headers['retry-after']
  return typeof text === 'string' && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}
