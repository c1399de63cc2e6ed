import type { IncomingMessage } from 'node:http'
import type { FastifyPluginCallback } from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import {
  headerTooLarge,
  HttpRefusal,
  invalidRequest,
  methodNotAllowed,
  notFound,
  uriTooLong,
} from './http-refusal.ts'
import { parseJsonBody } from './json-body.ts'
import type { HttpLimits } from './limits.ts'
import { parseQuery } from './query-string.ts'
import './route-config.ts'

const methodsWithBody = new Set(['POST', 'PATCH', 'PUT'])

const strictRequestsPlugin: FastifyPluginCallback<{ readonly limits: HttpLimits }> = (
  app,
  { limits },
  done,
) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, parsed) => {
    assertUtf8(request.headers['content-type'])
    assertNotEncoded(request.raw)
    parsed(null, parseJsonBody(body as Buffer))
  })

  app.addHook('onRequest', (request, _reply, next) => {
    const { raw } = request
    assertRequest(raw, limits)
    const { allow } = request.routeOptions.config
    if (request.is404) throw notFound()
    if (allow !== undefined) throw methodNotAllowed(allow)
    next()
  })

  app.addHook('preValidation', (request, _reply, next) => {
    if (!methodsWithBody.has(request.method) && hasBody(request.raw)) {
      throw invalidRequest(`a ${request.method} request must not have a body`)
    }
    // Only of an absent body: `null` is a value, and not the one that is asked for.
    if (request.body === undefined && request.routeOptions.config.isBodyOptional === true) request.body = {}
    request.query = parseQuery(request.raw.url ?? '')
    next()
  })
  done()
}

/**
 * The rules that hold for every request, whatever its route: sizes, a clean path, one `Host`, no body where none
 * belongs, strict JSON and a strict query. They come before anything is parsed that they protect.
 */
export const strictRequests = fastifyPlugin(strictRequestsPlugin, { name: 'strict-requests', fastify: '5.x' })

/**
 * Checks the rules that need the head of a request alone.
 *
 * @throws {HttpRefusal} for the first one that it breaks.
 */
export function assertRequest(raw: IncomingMessage, limits: HttpLimits): void {
  assertSizes(raw, limits)
  assertTarget(raw)
  assertOneHost(raw)
  assertOnlyChunked(raw)
}

function assertSizes({ url = '', rawHeaders }: IncomingMessage, limits: HttpLimits): void {
  if (url.length > limits.uriBytes) throw uriTooLong(limits.uriBytes)
  if (rawHeaders.length / 2 > limits.headerFields) {
    throw headerTooLarge(`there are more than ${limits.headerFields} header fields`)
  }
  // Each field also costs a colon, a space and a line end.
  let bytes = 0
  for (const text of rawHeaders) bytes += text.length + 2
  if (bytes > limits.headerBytes) {
    throw headerTooLarge(`the header fields are longer than ${limits.headerBytes} bytes`)
  }
}

function assertTarget({ url = '' }: IncomingMessage): void {
  if (url.includes('#')) throw invalidRequest('the path must not have a fragment')
  const query = url.indexOf('?')
  const end = query === -1 ? url.length : query
  if (url[end - 1] === '/') throw notFound()
}

/** RFC 9112 §3.2: a request that is routed by one host and answered as another is how caches are poisoned. */
function assertOneHost({ rawHeaders, httpVersion }: IncomingMessage): void {
  let hosts = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  if (hosts > 1) throw invalidRequest('Host is given more than once')
  if (hosts === 0 && httpVersion !== '1.0') throw invalidRequest('Host is missing')
}

/** A further coding would have to be undone, and nobody here does: the body would be taken for what it is not. */
function assertOnlyChunked({ headers }: IncomingMessage): void {
  const codings = headers['transfer-encoding']
  if (codings !== undefined && codings.toLowerCase() !== 'chunked') {
    throw new HttpRefusal({
      status: 400,
      error: 'invalid_request',
      description: 'Transfer-Encoding may only be chunked',
      // Where such a request ends is what servers disagree on (RFC 9112 §6.3).
      headers: { connection: 'close' },
    })
  }
}

/** Whether a request announces a body that is not empty. */
export function hasBody({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0)
}

function assertUtf8(contentType: string | undefined): void {
  const charset = /;\s*charset\s*=\s*"?([^";]*)/i.exec(contentType ?? '')?.[1]
  if (charset !== undefined && charset.trim().toLowerCase() !== 'utf-8') {
    throw unsupported('the body must be UTF-8')
  }
}

function assertNotEncoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw unsupported('the body must not be compressed')
  }
}

function unsupported(description: string): HttpRefusal {
  return new HttpRefusal({ status: 415, error: 'unsupported_media_type', description })
}
