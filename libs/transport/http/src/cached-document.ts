import { hash } from 'node:crypto'
import type { CacheLifetime } from '@workload-identity/core'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** A document for everybody, ready to send. */
export interface CachedDocument {
  readonly body: Buffer
  readonly contentType: string
  /** A strong entity tag with its quotes (RFC 9110 §8.8.3). */
  readonly etag: string
}

/** The value as a JSON document; its entity tag is the SHA-256 of its bytes. */
export function toCachedDocument(value: unknown, contentType: string): CachedDocument {
  const body = Buffer.from(JSON.stringify(value))
  return { body, contentType, etag: `"${hash('sha256', body, 'base64url')}"` }
}

/** Sends a document that may be kept, or 304 when the client has it already. */
export function sendCachedDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  document: CachedDocument,
  { maxAge, staleIfError }: CacheLifetime,
): FastifyReply {
  const stale = staleIfError === undefined ? '' : `, stale-if-error=${staleIfError}`
  reply.headers({
    'cache-control': `public, max-age=${maxAge}${stale}`,
    etag: document.etag,
    'access-control-allow-origin': '*',
  })
  if (matchesEntityTag(request.headers['if-none-match'], document.etag)) return reply.code(304).send()
  // As bytes, because Fastify adds a charset to texts, which these media types do not have.
  return reply.header('content-type', document.contentType).send(document.body)
}

/** Whether `If-None-Match` names the entity tag, by the weak comparison that the header asks for (RFC 9110 §13.1.2). */
export function matchesEntityTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  const tags: readonly string[] = header.match(/"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
  return tags.includes(etag)
}
