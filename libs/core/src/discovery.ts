import type { SigningAlgorithm } from './key-ring/algorithms.ts'
import { activeKey, publishedKeys, type KeyRing } from './key-ring/key-ring.ts'
import type { UnixSeconds } from './time.ts'
import { CLAIM_NAMES } from './token/claims.ts'

/** Where the JWKS is, below the issuer URL. */
export const JWKS_PATH = '/.well-known/jwks.json'

/** Where the discovery document is, below the issuer URL (OpenID Connect Discovery 1.0 §4). */
export const DISCOVERY_PATH = '/.well-known/openid-configuration'

/** What verifiers learn of an issuer (OpenID Connect Discovery 1.0 §3), as JSON. */
export interface DiscoveryDocument {
  readonly issuer: string
  readonly jwks_uri: string
  readonly response_types_supported: readonly string[]
  readonly subject_types_supported: readonly string[]
  readonly id_token_signing_alg_values_supported: readonly SigningAlgorithm[]
  readonly claims_supported: readonly string[]
}

/** The discovery document of an issuer at `now`; the algorithm of the active key comes first. Pure. */
export function buildDiscoveryDocument(
  issuerUrl: string,
  ring: KeyRing,
  now: UnixSeconds,
): DiscoveryDocument {
  const published = publishedKeys(ring, now).map((key) => key.alg)
  return {
    issuer: issuerUrl,
    jwks_uri: issuerUrl + JWKS_PATH,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set([activeKey(ring).alg, ...published])],
    claims_supported: CLAIM_NAMES,
  }
}
