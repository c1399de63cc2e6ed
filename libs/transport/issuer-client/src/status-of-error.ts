import type { HttpErrorCode } from '@workload-identity/api'

/** The HTTP status that goes with each code: an entry of a batch has none of its own. */
export const statusOfError: Readonly<Record<HttpErrorCode, number>> = {
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
