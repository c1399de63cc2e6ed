/** The bytes as base64url without padding (RFC 4648 §5). */
export function encodeBase64Url(bytes: Uint8Array): string {
  let binary = ''
  // By index: spreading bytes over the arguments of one call takes several times as long.
  for (let index = 0; index < bytes.length; index += 1) binary += String.fromCharCode(bytes[index] ?? 0)
  return toUrlAlphabet(btoa(binary))
}

/** The UTF-8 of the text as base64url without padding. */
export function encodeTextBase64Url(text: string): string {
  // ASCII, as all claims are, is its own UTF-8.
  return isAscii.test(text) ? toUrlAlphabet(btoa(text)) : encodeBase64Url(new TextEncoder().encode(text))
}

const isAscii = /^[\t\n\r\x20-\x7e]*$/

function toUrlAlphabet(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** The bytes of a base64 or base64url text, or `undefined` when it is neither; white space is not accepted. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return undefined
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/').replaceAll('=', ''))
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}
