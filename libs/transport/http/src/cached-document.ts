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

/** The document to serve now, and for how long it may be kept. */
export interface CurrentDocument {
  readonly document: CachedDocument
  readonly cache: CacheLifetime
  /** The request fields that decided which document it is, besides the path; `Host` unless given. */
  readonly vary?: string
}

/** The header fields of a document, whether it is sent or the client has it already. */
export function documentHeaders({
  document,
  cache,
  vary = 'Host',
}: CurrentDocument): Readonly<Record<string, string>> {
  const { maxAge, staleIfError } = cache
  const stale = staleIfError === undefined ? '' : `, stale-if-error=${staleIfError}`
  return {
    'cache-control': `public, max-age=${maxAge}${stale}`,
    etag: document.etag,
    'access-control-allow-origin': '*',
    // An issuer that moved is served under several URLs, and is another one to each.
    vary,
  }
}

/** Sends a document that may be kept, or 304 when the client has it already. */
export function sendDocument(
  request: FastifyRequest,
  reply: FastifyReply,
  current: CurrentDocument,
): FastifyReply {
  const { etag, contentType, body } = current.document
  reply.headers(documentHeaders(current))
  if (matchesEntityTag(request.headers['if-none-match'], etag)) return reply.code(304).send()
  // As bytes, because Fastify adds a charset to texts, which these media types do not have.
  return reply.header('content-type', contentType).send(body)
}

/** Whether `If-None-Match` names the entity tag, by the weak comparison that the header asks for (RFC 9110 §13.1.2). */
export function matchesEntityTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  const tags: readonly string[] = header.match(/"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
  return tags.includes(etag)
}
