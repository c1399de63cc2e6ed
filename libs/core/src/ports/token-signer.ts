import type { IdTokenClaims } from '../token/claims.ts'

/** Turns claims into a compact JWS (RFC 7515 §3.1) with the active key: a local one today, a KMS later. */
export interface TokenSigner {
  /**
   * @throws {IssuerError} `ERR_SIGNING_FAILED` when the key cannot sign; `ERR_KEY_MISMATCH` when its halves do not
   * belong together.
   */
  sign(claims: IdTokenClaims): Promise<string>
}
