import { IssuerError, type IssuerErrorDetails } from '@workload-identity/core'
import type { Answered, Failed } from './exchange.ts'
import { retryAfterSeconds } from './retry-plan.ts'

/** What was asked, and how often. */
export interface AskedFacts {
  readonly operation: string
  readonly tries: number
}

/** There is no answer, or not all of one. */
export function noAnswer(failed: Failed, facts: AskedFacts): IssuerError {
  const { isTimeout, status, cause } = failed
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  const details = {
    ...facts,
    ...(code !== undefined && { reason: code }),
    ...(status !== undefined && { status }),
  }
  if (isTimeout) return unavailable('the issuer did not answer in time', { details, cause })
  if (status !== undefined)
    return unavailable('the answer of the issuer could not be read', { details, cause })
  const sentence = failed.maybeReceived
    ? 'the connection to the issuer ended before its answer'
    : 'the issuer cannot be reached'
  return unavailable(sentence, { details, cause })
}

/** The issuer failed, and said so. */
export function issuerFailed(answer: Answered, facts: AskedFacts): IssuerError {
  const { status } = answer
  const seconds = retryAfterSeconds(answer)
  const details = { ...facts, status, ...(seconds !== undefined && { retry_after_seconds: seconds }) }
  return unavailable(`the issuer answered ${status}; try again later`, { details })
}

/** Somebody answered who is not the issuer, or not its control listener. */
export function notTheApi(what: string, details: IssuerErrorDetails): IssuerError {
  return unavailable(`what answers for the issuer is not its control API: ${what}`, { details })
}

/** The client does nothing any more. */
export function clientClosed(operation: string): IssuerError {
  return unavailable('the client of the issuer was closed', { details: { operation } })
}

function unavailable(
  sentence: string,
  options: { readonly details: IssuerErrorDetails; readonly cause?: Error },
): IssuerError {
  return new IssuerError('ERR_ISSUER_UNAVAILABLE', sentence, options)
}
