import type { IncomingMessage } from 'node:http'
import type { CacheLifetime } from '@workload-identity/core'
import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify'
import { documentHeaders, matchesEntityTag, type CachedDocument } from './cached-document.ts'
import { commonHeaders } from './common-headers.ts'
import { hasBody } from './strict-requests.ts'

/** The document to serve now, and for how long it may be kept. */
export interface CurrentDocument {
  readonly document: CachedDocument
  readonly cache: CacheLifetime
}

/**
 * The parts of a route that serves a document for everybody: 200 with the document, or 304 when the client has it
 * already.
 *
 * The request that nearly every verifier sends, a GET without query, body and condition, is answered as soon as the rules
 * for all requests have let it through: there is nothing in it to parse and validate, and what Fastify does for that and
 * for its answer is a third of the work.
 */
export function serveDocument(current: () => CurrentDocument) {
  return {
    onRequest(request: FastifyRequest, reply: FastifyReply, next: HookHandlerDoneFunction): void {
      if (!isPlainGet(request.raw)) {
        next()
        return
      }
      const { document, cache } = current()
      reply.hijack()
      reply.raw.writeHead(200, {
        ...commonHeaders(request),
        ...documentHeaders(document, cache),
        'content-type': document.contentType,
        'content-length': document.body.length,
      })
      reply.raw.end(document.body)
    },
    handler(request: FastifyRequest, reply: FastifyReply): FastifyReply {
      const { document, cache } = current()
      reply.headers(documentHeaders(document, cache))
      if (matchesEntityTag(request.headers['if-none-match'], document.etag)) return reply.code(304).send()
      // As bytes, because Fastify adds a charset to texts, which these media types do not have.
      return reply.header('content-type', document.contentType).send(document.body)
    },
  }
}

function isPlainGet(raw: IncomingMessage): boolean {
  const { method, url = '', headers } = raw
  return method === 'GET' && !url.includes('?') && headers['if-none-match'] === undefined && !hasBody(raw)
}
