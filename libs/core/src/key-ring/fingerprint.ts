import { encodeBase64Url } from '../base64url.ts'

/**
 * A text that is the same for two sets of keys exactly when they hold the same ones: `SHA256:` and the base64url SHA-256 of
 * the lines `<kid> <alg>`, each ended by a line feed, in the order of their bytes. A key ID depends on its key alone, so
 * whoever has a JWK set can compute it. The order of keys and their states do not matter.
 */
export async function fingerprintKeys(
  keys: readonly { readonly kid: string; readonly alg: string }[],
): Promise<string> {
  const lines = keys.map(({ kid, alg }) => `${kid} ${alg}\n`).sort((left, right) => (left < right ? -1 : 1))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(lines.join('')))
  return `SHA256:${encodeBase64Url(new Uint8Array(digest))}`
}
