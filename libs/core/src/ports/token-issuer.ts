import type { UnixSeconds } from '../time.ts'

/** What a caller may choose about a token. */
export interface TokenOptions {
  /** One audience or 1–10 of them, in order; absent = the default audience. */
  readonly audience?: string | readonly string[]
  /** Life in seconds, a whole number of at least 1; clamped into the allowed range. Absent = the default. */
  readonly ttl?: number
}

/** A token and when it expires. Also the body of an HTTP answer to a mint. */
export interface IssuedToken {
  /** The compact JWS. */
  readonly value: string
  /** `exp` of the token. */
  readonly expires_at: UnixSeconds
}

/** Gives tokens for sandboxes: a local issuer that holds keys, or a remote one reached over HTTP by a runner. */
export interface TokenIssuer {
  /** The `iss` of every token. */
  readonly issuerUrl: string

  /**
   * A token for the sandbox `sandboxId` of `app` (`''` when it belongs to none).
   *
   * @throws {IssuerError} `ERR_IDENTIFIER_INVALID`, `ERR_AUDIENCE_INVALID`, `ERR_AUDIENCE_NOT_ALLOWED`,
   * `ERR_TTL_INVALID` for what was asked; `ERR_KEY_RING_STALE`, `ERR_SIGNING_FAILED` for what failed.
   */
  issueToken(app: string, sandboxId: string, options?: TokenOptions): Promise<IssuedToken>
}
