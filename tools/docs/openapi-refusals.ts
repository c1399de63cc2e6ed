import type { HttpErrorCode } from '@workload-identity/api'
import type { DocumentedRoute } from './collect-routes.ts'
import type { HeaderName } from './openapi-headers.ts'

/** An error answer that several operations share. */
export interface Refusal {
  /** Its name among the components. */
  readonly name: string
  readonly description: string
  readonly headers?: readonly HeaderName[]
  /** Whether it can be given before there is a request, and then may have no `x-request-id`. */
  readonly isEarly?: boolean
  /** The codes it can have, each with a sentence as an example. */
  readonly errors: Readonly<Partial<Record<HttpErrorCode, string>>>
}

/** Every error answer by its status. */
export const refusals: Readonly<Record<number, Refusal>> = {
  400: {
    name: 'InvalidRequest',
    description: 'The request is malformed; the sentence names what is wrong. Do not repeat it unchanged.',
    isEarly: true,
    errors: {
      invalid_request: 'unknown query parameter "audiense"',
      invalid_target: 'an audience is empty',
    },
  },
  401: {
    name: 'Unauthenticated',
    description: 'The caller did not say who it is, or is not known as an admin or runner.',
    headers: ['WWW-Authenticate'],
    errors: { invalid_token: 'Authorization: Bearer <secret> is missing' },
  },
  403: {
    name: 'AccessDenied',
    description: 'The caller may not do this: it is known to be so, and trying again does not help.',
    errors: { access_denied: 'the secret is not that of a live sandbox' },
  },
  404: {
    name: 'NotFound',
    description:
      'There is nothing at this path, or nothing with this ID. A slash at the end is another path.',
    errors: { not_found: 'there is nothing at this path' },
  },
  405: {
    name: 'MethodNotAllowed',
    description: 'The answer to every method that the path does not have.',
    headers: ['Allow'],
    isEarly: true,
    errors: { method_not_allowed: 'the method is not allowed here; use GET' },
  },
  408: {
    name: 'RequestTimeout',
    description: 'The request did not arrive in time. The connection is closed.',
    isEarly: true,
    errors: { invalid_request: 'the request did not arrive in time' },
  },
  409: {
    name: 'Conflict',
    description: 'What is there already stands against it.',
    errors: { conflict: 'a live sandbox has this ID' },
  },
  413: {
    name: 'RequestTooLarge',
    description: 'The body is larger than 64 KiB.',
    isEarly: true,
    errors: { request_too_large: 'the body is too large' },
  },
  414: {
    name: 'UriTooLong',
    description: 'Path and query are longer than 8 KiB.',
    isEarly: true,
    errors: { uri_too_long: 'path and query are longer than 8192 bytes' },
  },
  415: {
    name: 'UnsupportedMediaType',
    description: 'The body is not uncompressed JSON in UTF-8.',
    errors: { unsupported_media_type: 'the body must be sent as application/json' },
  },
  417: {
    name: 'ExpectationFailed',
    description: '`Expect` has another value than `100-continue`.',
    isEarly: true,
    errors: { invalid_request: 'Expect may only be 100-continue' },
  },
  429: {
    name: 'SlowDown',
    description: 'There are too many requests of this caller. Wait, then try again.',
    headers: ['Retry-After'],
    errors: { slow_down: 'too many requests; try again later' },
  },
  431: {
    name: 'HeaderTooLarge',
    description: 'There are more than 100 header fields, or they are longer than 16 KiB.',
    isEarly: true,
    errors: { header_too_large: 'the header fields are longer than 16384 bytes' },
  },
  500: {
    name: 'ServerError',
    description: 'The server failed; its log says why.',
    errors: { server_error: 'the server failed' },
  },
  503: {
    name: 'TemporarilyUnavailable',
    description: 'The answer cannot be told just now: it is neither yes nor no. Wait, then try again.',
    headers: ['Retry-After'],
    errors: { temporarily_unavailable: 'the answer cannot be told just now; try again later' },
  },
}

/** The statuses with which an operation can be refused: what follows from its kind, and its own. */
export function refusalsOf({ listener, docs, body }: DocumentedRoute): readonly number[] {
  const everywhere = [400, 405, 408, 414, 417, 431, 500, 503]
  const withCaller = docs.caller === 'anybody' ? [] : [401, 403]
  const withBody = body === undefined ? [] : [413, 415]
  const forSandboxes = listener === 'token' ? [429] : []
  const own = docs.refusals ?? []
  return [...everywhere, ...withCaller, ...withBody, ...forSandboxes, ...own].sort((a, b) => a - b)
}
