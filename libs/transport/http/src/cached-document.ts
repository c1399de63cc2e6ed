import { hash } from 'node:crypto'
import type { CacheLifetime } from '@workload-identity/core'

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

/** The header fields of the document, whether it is sent or the client has it already. */
export function documentHeaders(
  { etag }: CachedDocument,
  { maxAge, staleIfError }: CacheLifetime,
): Readonly<Record<string, string>> {
  const stale = staleIfError === undefined ? '' : `, stale-if-error=${staleIfError}`
  return {
    'cache-control': `public, max-age=${maxAge}${stale}`,
    etag,
    'access-control-allow-origin': '*',
  }
}

/** Whether `If-None-Match` names the entity tag, by the weak comparison that the header asks for (RFC 9110 §13.1.2). */
export function matchesEntityTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  const tags: readonly string[] = header.match(/"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
  return tags.includes(etag)
}
