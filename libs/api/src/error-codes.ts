/** Every `error` of an error answer (RFC 6749 §5.2 and this API's own). A closed list, stable. */
export const HTTP_ERROR_CODES = [
  'invalid_request',
  'invalid_target',
  'invalid_token',
  'access_denied',
  'not_found',
  'method_not_allowed',
  'conflict',
  'request_too_large',
  'uri_too_long',
  'unsupported_media_type',
  'slow_down',
  'header_too_large',
  'server_error',
  'temporarily_unavailable',
] as const

/** One of {@link HTTP_ERROR_CODES}. */
export type HttpErrorCode = (typeof HTTP_ERROR_CODES)[number]
