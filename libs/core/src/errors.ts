/**
 * Every way in which the issuer refuses or fails. Codes are public, stable and never reused.
 * `docs/errors.md` explains each to an operator; a transport maps each to one answer.
 */
export type IssuerErrorCode =
  // what a caller asked for
  /** A value of a request is malformed. Correct the request; the sentence names the value. */
  | 'ERR_REQUEST_INVALID'
  /** An organization, cluster, app, sandbox, runner or workload ID has other characters or another length than IDs may have. Use another ID. */
  | 'ERR_IDENTIFIER_INVALID'
  /** A text is not a subject, or an identity has no subject in the wanted form. */
  | 'ERR_SUBJECT_INVALID'
  /** An audience, or a list of them, can never be one: 1–10 values of 1–1000 visible ASCII characters without duplicates. */
  | 'ERR_AUDIENCE_INVALID'
  /** The cluster or the sandbox may not ask for this audience. Ask for another one, or allow it. */
  | 'ERR_AUDIENCE_NOT_ALLOWED'
  /** A TTL is not a whole number of seconds of at least 1. */
  | 'ERR_TTL_INVALID'
  /** Settings contradict each other or lie outside their limits; the sentence gives the numbers. */
  | 'ERR_POLICY_INVALID'
  // who a caller is
  /** It is known that no live sandbox has this secret. Ask the controller for a new one. */
  | 'ERR_CREDENTIAL_UNKNOWN'
  // sandboxes and runners
  /** A live sandbox has this ID. End it first, or choose another ID. */
  | 'ERR_SANDBOX_EXISTS'
  /** No live sandbox has this ID: it was never registered, was ended, or expired. */
  | 'ERR_SANDBOX_NOT_FOUND'
  /** A runner has this ID. */
  | 'ERR_RUNNER_EXISTS'
  /** No runner has this ID. */
  | 'ERR_RUNNER_NOT_FOUND'
  /** No runner has the ID that a sandbox is to be assigned to. Register the runner first, or correct the ID. */
  | 'ERR_RUNNER_UNKNOWN'
  /** Sandboxes are assigned to the runner. End or move them first, or say that they are to be ended, too. */
  | 'ERR_RUNNER_IN_USE'
  /** The sandbox is not a live one of the runner that asks. */
  | 'ERR_SANDBOX_NOT_ASSIGNED'
  /** The runner may not ask for this system workload with this audience, or there is no such workload. */
  | 'ERR_SYSTEM_WORKLOAD_REFUSED'
  /** The issuer cannot be reached from here, or could not answer. Ask again later. */
  | 'ERR_ISSUER_UNAVAILABLE'
  /** Somebody else has the same secret. Make a new one from 32 random bytes. */
  | 'ERR_SECRET_IN_USE'
  /** A record changed while it was being changed. Read it and try again. */
  | 'ERR_REVISION_CONFLICT'
  /** The sandbox is registered for another app than the one a token was asked for. */
  | 'ERR_APP_MISMATCH'
  // keys and the ring
  /** A key cannot be read, is of the wrong kind or is too weak. */
  | 'ERR_KEY_INVALID'
  /** The halves of a key, or a key and its ID, do not belong together. Restore the store from a backup. */
  | 'ERR_KEY_MISMATCH'
  /** The key ring has no key with this ID. */
  | 'ERR_KEY_NOT_FOUND'
  /** The key was revoked and can never come back. */
  | 'ERR_KEY_REVOKED'
  /** The key ring cannot make this step in its present state. */
  | 'ERR_KEY_TRANSITION'
  /** The key that signs is not the one that was expected. Look at the keys, and ask again if it is still wanted. */
  | 'ERR_ACTIVE_KEY_CHANGED'
  /** Tokens that the key signed may still be alive. Wait for the date in the sentence, or force it. */
  | 'ERR_KEY_IN_USE'
  /** The key ring breaks one of its rules. Restore it from a backup. */
  | 'ERR_KEY_RING_INVALID'
  /** The key ring was not read for too long to sign with it. Signing goes on when the store can be read again. */
  | 'ERR_KEY_RING_STALE'
  /** The active key could not sign. */
  | 'ERR_SIGNING_FAILED'
  // the issuer URL
  /** The issuer URL is not an https URL in canonical form. Write it as the sentence says. */
  | 'ERR_ISSUER_URL_INVALID'
  /** There is neither a setting, nor a registration, nor a TLS name that gives the issuer URL. Set it. */
  | 'ERR_ISSUER_URL_UNRESOLVED'
  /** The configured issuer URL is not the one stored with the keys. Set the stored one: relying parties trust it. If the issuer is to move, name the stored one by `--move-issuer-from`. */
  | 'ERR_ISSUER_URL_CHANGED'
  // stores
  /** Somebody else saved first; nothing was changed. Load and decide again. */
  | 'ERR_STORE_CONFLICT'
  /** The store cannot be reached, or it is not known whether it saved. Load before acting. */
  | 'ERR_STORE_UNAVAILABLE'
  /** What the store holds cannot be read. Restore it from a backup; it is never taken for empty. */
  | 'ERR_STORE_CORRUPT'
  /** A newer release wrote the store. Use that release. */
  | 'ERR_STORE_SCHEMA_NEWER'
  /** What the store holds was altered, moved, cut off or put back by somebody without the key-encryption key. The sentence names it and the way out; find out who did. */
  | 'ERR_SEAL_BROKEN'
  /** What the store holds is not sealed, though a key-encryption key is set. Restore what was sealed, or seal what is there once with `--sealing adopt`. */
  | 'ERR_SEAL_MISSING'
  /** What the store holds is sealed with a key-encryption key that is not set. Set it; the sentence gives its ID. */
  | 'ERR_SEAL_KEY_UNKNOWN'
  /** The store holds the key ring of another cluster. Correct the cluster ID or the address of the store. */
  | 'ERR_STORE_FOREIGN'
  /** The store holds an older key ring than the one in use. Running issuers write theirs back; otherwise restore the newer one. */
  | 'ERR_STORE_ROLLED_BACK'
  /** The store holds no key ring where one must be. Restore it, or allow a first key to be generated. */
  | 'ERR_STORE_EMPTY'
  /** The store holds registered sandboxes or runners but no key ring, or is the unfinished copy of another store. Restore the ring from a backup, or run the copy again. */
  | 'ERR_STORE_INCOMPLETE'
  /** The store holds another registry than the one that belongs to the key ring, or none. Restore it, or accept the loss: until then nobody can tell who is live. */
  | 'ERR_REGISTRY_LOST'
  /** The registry whose loss was to be accepted is there, or it is not the one that the key ring records. Look at readiness again. */
  | 'ERR_REGISTRY_NOT_LOST'
  // verification
  /** A token is malformed, not signed by this issuer, or not of the kind that was required; the sentence says which. */
  | 'ERR_TOKEN_INVALID'
  /** The token has expired. */
  | 'ERR_TOKEN_EXPIRED'
  /** The token is not valid yet. Compare the clocks. */
  | 'ERR_TOKEN_NOT_YET_VALID'
  /** No published key has the `kid` of the token. */
  | 'ERR_TOKEN_KEY_UNKNOWN'
  /** The token is genuine by its signature, but its key was revoked: whoever had the key could have dated the token as they liked. Do not rely on it. */
  | 'ERR_TOKEN_KEY_REVOKED'

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
