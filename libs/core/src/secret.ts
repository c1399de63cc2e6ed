import { decodeBase64, encodeBase64Url } from './base64url.ts'
import { IssuerError } from './errors.ts'

/** Whose secret it is; the prefix lets secret scanners recognize a leaked one. */
export type SecretOwner = 'sandbox' | 'runner' | 'admin'

const prefixes: Readonly<Record<SecretOwner, string>> = { sandbox: 'wis_', runner: 'wir_', admin: 'wia_' }

/** A new secret: the owner's prefix and 32 random bytes in base64url. */
export function generateSecret(owner: SecretOwner): string {
  return prefixes[owner] + encodeBase64Url(crypto.getRandomValues(new Uint8Array(32)))
}

/** The SHA-256 of a secret as 64 lower-case hexadecimal digits: what is stored, and the key it is looked up by. */
export async function hashSecret(secret: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret))
  return encodeHex(new Uint8Array(digest))
}

/**
 * A SHA-256 given by somebody else, as 64 lower-case hexadecimal digits; base64url (43 characters) is accepted too.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` for anything else.
 */
export function parseSecretHash(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text
  const bytes = /^[A-Za-z0-9_-]{43}$/.test(text) ? decodeBase64(text) : undefined
  if (bytes?.length === 32) return encodeHex(bytes)
  throw new IssuerError(
    'ERR_REQUEST_INVALID',
    'secret_sha256 must be a SHA-256 as 64 lower-case hexadecimal digits or 43 characters of base64url',
    { details: { name: 'secret_sha256' } },
  )
}

function encodeHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
