import type { IssuerErrorCode } from '@workload-identity/core'

/** Failures of an issuer's start that its configuration is to blame for: its URL was changed, or a key is not given. */
export const configurationCodes: readonly IssuerErrorCode[] = [
  'ERR_ISSUER_URL_CHANGED',
  'ERR_SEAL_KEY_UNKNOWN',
]
