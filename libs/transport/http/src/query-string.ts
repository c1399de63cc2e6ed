import { invalidRequest } from './http-refusal.ts'

/** The parameters of a query: a text when given once, texts in order when repeated. Has no prototype. */
export type QueryParameters = Record<string, string | string[]>

/**
 * The parameters of a request target, decoded as `application/x-www-form-urlencoded`. Stricter than `URLSearchParams`:
 * a broken percent-escape is refused instead of kept, since nobody can know what was meant.
 *
 * @throws {HttpRefusal} 400 for a broken escape or text that is not UTF-8.
 */
export function parseQuery(target: string): QueryParameters {
  const parameters = Object.create(null) as QueryParameters
  const start = target.indexOf('?')
  if (start === -1) return parameters
  for (const pair of target.slice(start + 1).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decode(equals === -1 ? pair : pair.slice(0, equals))
    const value = equals === -1 ? '' : decode(pair.slice(equals + 1))
    const earlier = parameters[name]
    if (earlier === undefined) parameters[name] = value
    else if (Array.isArray(earlier)) earlier.push(value)
    else parameters[name] = [earlier, value]
  }
  return parameters
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw invalidRequest('the query has a broken percent-escape')
  }
}
