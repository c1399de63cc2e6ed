import { isIssuerError, type IssuerErrorCode } from '@workload-identity/core'
import { HttpRefusal, RETRY_AFTER_SECONDS, type ErrorAnswer } from './http-refusal.ts'
import type { HttpErrorCode } from '@workload-identity/api'

/** How an issuer's error is answered. Without a description, the error's own sentence is said: it concerns the request. */
interface AnswerRule {
  readonly status: number
  readonly error: HttpErrorCode
  readonly description?: string
}

const invalid: AnswerRule = { status: 400, error: 'invalid_request' }
const target: AnswerRule = { status: 400, error: 'invalid_target' }
const conflict: AnswerRule = { status: 409, error: 'conflict' }
const failed: AnswerRule = { status: 500, error: 'server_error', description: 'the server failed' }
const unavailable: AnswerRule = {
  status: 503,
  error: 'temporarily_unavailable',
  description: 'the answer cannot be told just now; try again later',
}
const cannotSign: AnswerRule = { ...unavailable, description: 'signing has stopped for now; try again later' }

/**
 * Every error code of the issuer with its answer. What cannot be told just now is a 503, never a 403 or 404: a workload
 * that gets a 503 tries again, one that gets a 403 gives up.
 */
export const answerRules: Readonly<Record<IssuerErrorCode, AnswerRule>> = {
  ERR_REQUEST_INVALID: invalid,
  ERR_IDENTIFIER_INVALID: invalid,
  ERR_SUBJECT_INVALID: invalid,
  ERR_AUDIENCE_INVALID: target,
  ERR_AUDIENCE_NOT_ALLOWED: {
    status: 403,
    error: 'access_denied',
    description: 'the audience is not one that this sandbox may ask for',
  },
  ERR_TTL_INVALID: invalid,
  ERR_POLICY_INVALID: invalid,
  ERR_CREDENTIAL_UNKNOWN: {
    status: 403,
    error: 'access_denied',
    description: 'the secret is not that of a live sandbox',
  },
  ERR_SANDBOX_EXISTS: { ...conflict, description: 'a live sandbox has this ID' },
  ERR_SANDBOX_NOT_FOUND: {
    status: 404,
    error: 'not_found',
    description: 'there is no live sandbox with this ID',
  },
  ERR_RUNNER_EXISTS: { ...conflict, description: 'a runner has this ID' },
  ERR_RUNNER_NOT_FOUND: { status: 404, error: 'not_found', description: 'there is no runner with this ID' },
  ERR_RUNNER_UNKNOWN: invalid,
  ERR_RUNNER_IN_USE: {
    ...conflict,
    description: 'sandboxes are assigned to this runner: end or move them first, or ask with sandboxes=end',
  },
  ERR_SANDBOX_NOT_ASSIGNED: {
    status: 403,
    error: 'access_denied',
    description: 'no live sandbox with this ID is assigned to this runner',
  },
  ERR_SYSTEM_WORKLOAD_REFUSED: {
    status: 403,
    error: 'access_denied',
    description: 'this runner may not ask for this system workload with this audience',
  },
  ERR_ISSUER_UNAVAILABLE: {
    ...unavailable,
    description: 'the issuer cannot be reached just now; try again later',
  },
  ERR_SECRET_IN_USE: { ...conflict, description: 'the secret is in use already; make a new one' },
  ERR_REVISION_CONFLICT: {
    ...conflict,
    description: 'somebody else changed it at the same time; read it and try again',
  },
  ERR_APP_MISMATCH: { ...conflict, description: 'the sandbox is registered for another app' },
  ERR_KEY_INVALID: failed,
  ERR_KEY_MISMATCH: failed,
  ERR_KEY_NOT_FOUND: { status: 404, error: 'not_found', description: 'there is no key with this ID' },
  ERR_KEY_REVOKED: { ...conflict, description: 'the key is revoked' },
  ERR_KEY_TRANSITION: conflict,
  ERR_ACTIVE_KEY_CHANGED: conflict,
  ERR_KEY_IN_USE: conflict,
  ERR_KEY_RING_INVALID: failed,
  ERR_KEY_RING_STALE: cannotSign,
  ERR_SIGNING_FAILED: cannotSign,
  ERR_ISSUER_URL_INVALID: failed,
  ERR_ISSUER_URL_UNRESOLVED: failed,
  ERR_ISSUER_URL_CHANGED: failed,
  ERR_STORE_CONFLICT: unavailable,
  ERR_STORE_UNAVAILABLE: unavailable,
  ERR_STORE_CORRUPT: unavailable,
  ERR_STORE_SCHEMA_NEWER: unavailable,
  ERR_SEAL_BROKEN: unavailable,
  ERR_SEAL_MISSING: unavailable,
  ERR_SEAL_KEY_UNKNOWN: unavailable,
  ERR_STORE_FOREIGN: unavailable,
  ERR_STORE_ROLLED_BACK: unavailable,
  ERR_STORE_EMPTY: unavailable,
  ERR_STORE_INCOMPLETE: unavailable,
  ERR_REGISTRY_LOST: unavailable,
  ERR_REGISTRY_NOT_LOST: {
    ...conflict,
    description:
      'the registry is not lost, or it is another one that is: see /readyz and registry_id of /v1/issuer',
  },
  ERR_TOKEN_INVALID: failed,
  ERR_TOKEN_EXPIRED: failed,
  ERR_TOKEN_NOT_YET_VALID: failed,
  ERR_TOKEN_KEY_UNKNOWN: failed,
  ERR_TOKEN_KEY_REVOKED: failed,
}

/** Answers to what Fastify itself reports; anything else of it is a 400 or 500 by its status. */
const frameworkAnswers: Readonly<Record<string, ErrorAnswer>> = {
  FST_ERR_BAD_URL: invalidAnswer('the path has a broken percent-escape'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: invalidAnswer('the body is not as long as Content-Length says'),
  FST_ERR_CTP_BODY_TOO_LARGE: {
    status: 413,
    error: 'request_too_large',
    description: 'the body is too large',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    error: 'unsupported_media_type',
    description: 'the body must be sent as application/json',
  },
}

/** How an error of that code is answered: status and `error`. */
export function answerOf(code: IssuerErrorCode): Pick<ErrorAnswer, 'status' | 'error'> {
  const { status, error } = answerRules[code]
  return { status, error }
}

/** How anything that was thrown is named in logs, audits and metrics: the issuer's code if it has one. */
export function outcomeOf(error: unknown): IssuerErrorCode | HttpErrorCode {
  return isIssuerError(error) ? error.code : toErrorAnswer(error).error
}

/** The answer to anything that was thrown. Texts of unknown errors are never said to the client. */
export function toErrorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof HttpRefusal) return error.answer
  if (isIssuerError(error)) {
    const { description = error.message, ...rule } = answerRules[error.code]
    return withRetryAfter({ ...rule, description })
  }
  const { code, statusCode } = (error ?? {}) as { code?: unknown; statusCode?: unknown }
  const known = typeof code === 'string' ? frameworkAnswers[code] : undefined
  if (known !== undefined) return known
  if (statusCode === 400) return invalidAnswer('the request could not be read')
  return { status: 500, error: 'server_error', description: 'the server failed' }
}

function withRetryAfter(answer: Omit<ErrorAnswer, 'description'> & { description?: string }): ErrorAnswer {
  const { description = 'try again later', ...rest } = answer
  if (rest.status !== 503) return { ...rest, description }
  return { ...rest, description, headers: { 'retry-after': RETRY_AFTER_SECONDS } }
}

function invalidAnswer(description: string): ErrorAnswer {
  return { status: 400, error: 'invalid_request', description }
}
