import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { unauthenticated } from './http-refusal.ts'

const FIELD = 'authorization'

/** The longest token that is looked at, in characters. */
const MAX_TOKEN_LENGTH = 1000

/**
 * The token of `Authorization: Bearer <token>` (RFC 6750 §2.1): one header field, the scheme in any case, one `b64token`
 * of at most 1000 characters.
 *
 * @throws {HttpRefusal} 401 `invalid_token` when it is missing or malformed.
 */
export function parseBearerToken({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): string {
  // Node drops all but the first of several fields; which one was meant is not for us to guess.
  const values: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === FIELD.length && name.toLowerCase() === FIELD) values.push(rawHeaders[index + 1] ?? '')
  }
  const [value] = values
  if (value === undefined) throw unauthenticated('Authorization: Bearer <secret> is missing')
  if (values.length > 1) throw unauthenticated('Authorization is given more than once')
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(value)?.[1]
  if (token === undefined || token.length > MAX_TOKEN_LENGTH) {
    throw unauthenticated('Authorization must be "Bearer", a space and one secret')
  }
  return token
}

/** The SHA-256 of a secret as 64 lower-case hexadecimal digits: the key it is looked up by. */
export function hashBearerToken(token: string): string {
  return hash('sha256', token, 'hex')
}
