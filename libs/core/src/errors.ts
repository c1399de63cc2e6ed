/**
 * Every way in which the issuer refuses or fails. Codes are public, stable and never reused.
 * `docs/errors.md` explains each to an operator; a transport maps each to one answer.
 */
export type IssuerErrorCode =
  // what a caller asked for
  | 'ERR_REQUEST_INVALID'
  | 'ERR_IDENTIFIER_INVALID'
  | 'ERR_SUBJECT_INVALID'
  | 'ERR_AUDIENCE_INVALID'
  | 'ERR_AUDIENCE_NOT_ALLOWED'
  | 'ERR_TTL_INVALID'
  | 'ERR_POLICY_INVALID'
  // who a caller is
  | 'ERR_CREDENTIAL_UNKNOWN'
  // sandboxes and runners
  | 'ERR_SANDBOX_EXISTS'
  | 'ERR_SANDBOX_NOT_FOUND'
  | 'ERR_RUNNER_EXISTS'
  | 'ERR_RUNNER_NOT_FOUND'
  | 'ERR_SECRET_IN_USE'
  | 'ERR_REVISION_CONFLICT'
  | 'ERR_APP_MISMATCH'
  // keys and the ring
  | 'ERR_KEY_INVALID'
  | 'ERR_KEY_MISMATCH'
  | 'ERR_KEY_NOT_FOUND'
  | 'ERR_KEY_REVOKED'
  | 'ERR_KEY_TRANSITION'
  | 'ERR_KEY_RING_INVALID'
  | 'ERR_KEY_RING_STALE'
  | 'ERR_SIGNING_FAILED'
  // the issuer URL
  | 'ERR_ISSUER_URL_INVALID'
  | 'ERR_ISSUER_URL_UNRESOLVED'
  | 'ERR_ISSUER_URL_CHANGED'
  // stores
  | 'ERR_STORE_CONFLICT'
  | 'ERR_STORE_UNAVAILABLE'
  | 'ERR_STORE_CORRUPT'
  | 'ERR_STORE_SCHEMA_NEWER'
  | 'ERR_STORE_FOREIGN'
  | 'ERR_STORE_ROLLED_BACK'
  | 'ERR_STORE_EMPTY'
  | 'ERR_STORE_INCOMPLETE'
  | 'ERR_REGISTRY_LOST'
  // verification
  | 'ERR_TOKEN_INVALID'
  | 'ERR_TOKEN_EXPIRED'
  | 'ERR_TOKEN_NOT_YET_VALID'
  | 'ERR_TOKEN_KEY_UNKNOWN'

/** Facts about an error, for logs and programs. Never a token, a secret or a key. */
export type IssuerErrorDetails = Readonly<
  Record<string, string | number | boolean | null | undefined | readonly string[]>
>

/** What an {@link IssuerError} may carry besides its sentence. */
export interface IssuerErrorOptions {
  readonly details?: IssuerErrorDetails
  readonly cause?: unknown
}

/**
 * The one error class of the libraries. Match on `code`, never on the text: the sentence is for people, says what was
 * wrong and what to do, and may improve in any release.
 */
export class IssuerError extends Error {
  override readonly name = 'IssuerError'
  readonly code: IssuerErrorCode
  readonly details: IssuerErrorDetails

  constructor(code: IssuerErrorCode, message: string, options: IssuerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
  }
}

/** Whether `error` is an {@link IssuerError}, and of one of `codes` when any are given. */
export function isIssuerError(error: unknown, ...codes: readonly IssuerErrorCode[]): error is IssuerError {
  return error instanceof IssuerError && (codes.length === 0 || codes.includes(error.code))
}
