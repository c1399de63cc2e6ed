import type { HttpErrorCode } from '@workload-identity/api'

/** The seconds after which a client that got a 503 should try again. */
export const RETRY_AFTER_SECONDS = '5'

/** An error answer: what is said to the client, and nothing else. */
export interface ErrorAnswer {
  readonly status: number
  readonly error: HttpErrorCode
  /** One sentence for the `error_description`; never holds a value that a caller must keep secret. */
  readonly description: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A request that the transport itself refuses, before any use case is asked. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal'
  readonly answer: ErrorAnswer

  constructor(answer: ErrorAnswer) {
    super(answer.description)
    this.answer = answer
  }
}

/** A refusal with 400 `invalid_request`. */
export function invalidRequest(description: string): HttpRefusal {
  return new HttpRefusal({ status: 400, error: 'invalid_request', description })
}

/** A refusal with 400 `invalid_target`: something about an audience is wrong (RFC 8707 §2). */
export function invalidTarget(description: string): HttpRefusal {
  return new HttpRefusal({ status: 400, error: 'invalid_target', description })
}

/** The refusal of a path that leads nowhere. */
export function notFound(): HttpRefusal {
  return new HttpRefusal({ status: 404, error: 'not_found', description: 'there is nothing at this path' })
}

/** The refusal of a method; `allowed` is the value of `Allow`. */
export function methodNotAllowed(allowed: string): HttpRefusal {
  return new HttpRefusal({
    status: 405,
    error: 'method_not_allowed',
    description:
      allowed === '' ? 'the method is not allowed' : `the method is not allowed here; use ${allowed}`,
    headers: { allow: allowed },
  })
}

/** The refusal of a caller who did not say who it is (RFC 6750 §3). */
export function unauthenticated(description: string): HttpRefusal {
  return new HttpRefusal({
    status: 401,
    error: 'invalid_token',
    description,
    headers: { 'www-authenticate': 'Bearer' },
  })
}

/** The refusal of header fields that are too many or too long (RFC 6585 §5). */
export function headerTooLarge(description: string): HttpRefusal {
  return new HttpRefusal({ status: 431, error: 'header_too_large', description })
}

/** The refusal of a path and query that are too long. */
export function uriTooLong(limit: number): HttpRefusal {
  return new HttpRefusal({
    status: 414,
    error: 'uri_too_long',
    description: `path and query are longer than ${limit} bytes`,
  })
}

/** The answer to a request that was not handled in time. */
export function handlerTimedOut(): HttpRefusal {
  return new HttpRefusal({
    status: 503,
    error: 'temporarily_unavailable',
    description: 'it took too long; try again later',
    headers: { 'retry-after': RETRY_AFTER_SECONDS },
  })
}
