import type { HttpErrorCode } from '@workload-identity/api'
import { isIssuerError } from '@workload-identity/core'
import { HttpRefusal } from '@workload-identity/transport-http'

/** An entry of a batch that the issuer refused. */
export interface RefusedEntry {
  readonly sandbox_id: string
  readonly error: HttpErrorCode
  readonly error_description: string
}

/** The status that goes with each code (design of the HTTP API): an entry of a batch has none of its own. */
const statusOfError: Readonly<Record<HttpErrorCode, number>> = {
  invalid_request: 400,
  invalid_target: 400,
  invalid_token: 401,
  access_denied: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  request_too_large: 413,
  uri_too_long: 414,
  unsupported_media_type: 415,
  slow_down: 429,
  header_too_large: 431,
  server_error: 500,
  temporarily_unavailable: 503,
}

/** The seconds after which whoever got a 503 should try again. */
const RETRY_AFTER_SECONDS = '5'

/** Whether an entry is an error. */
export function isRefusedEntry(entry: object): entry is RefusedEntry {
  return 'error' in entry
}

/** The issuer's refusal of an entry in its own words, as it would have answered the sandbox itself. */
export function toEntryRefusal({ error, error_description: description }: RefusedEntry): HttpRefusal {
  const status = statusOfError[error]
  const headers = status === 503 ? { headers: { 'retry-after': RETRY_AFTER_SECONDS } } : {}
  return new HttpRefusal({ status, error, description, ...headers })
}

/** Whether an error says that the answer is not known, rather than that it is no. */
export function isOutage(error: unknown): boolean {
  if (error instanceof HttpRefusal) return error.answer.status >= 500
  return isIssuerError(error, 'ERR_ISSUER_UNAVAILABLE')
}
