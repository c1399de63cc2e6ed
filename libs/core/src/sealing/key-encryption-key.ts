import { decodeBase64, encodeBase64Url } from '../base64url.ts'
import { IssuerError } from '../errors.ts'

/** A key-encryption key, ready for use. What it was made of cannot be got out of it again. */
export interface KeyEncryptionKey {
  /** Tells keys apart without saying anything about them; in every seal, so that the right key is found. */
  readonly id: string
  /** Encrypts the ring document, A256GCM. */
  readonly encryption: CryptoKey
  /** Signs registry records, HMAC with SHA-256. */
  readonly authentication: CryptoKey
}

const KEY_BYTES = 32
const idLabel = 'workload-identity key-encryption key ID\n'
const recordLabel = 'workload-identity registry records'

/**
 * The key of a text: 32 bytes as base64url (43 characters) or hexadecimal digits (64); white space around it is ignored.
 * Its ID is the SHA-256 of a label and the key; the key for records is derived by HKDF (RFC 5869) with a label of its own.
 *
 * @throws {IssuerError} `ERR_KEY_INVALID` for anything else, and for 32 equal bytes. The text is not quoted.
 */
export async function parseKeyEncryptionKey(text: string): Promise<KeyEncryptionKey> {
  const bytes = readKeyBytes(text)
  const [id, encryption, authentication] = await Promise.all([
    computeId(bytes),
    crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']),
    deriveAuthenticationKey(bytes),
  ])
  return { id, encryption, authentication }
}

/**
 * Makes sure that a text is a key-encryption key, for those who report several mistakes at once.
 *
 * @throws {IssuerError} `ERR_KEY_INVALID`, as {@link parseKeyEncryptionKey}.
 */
export function assertKeyEncryptionKey(text: string): void {
  readKeyBytes(text)
}

function readKeyBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeKey(text.trim())
  if (bytes?.length !== KEY_BYTES) {
    throw new IssuerError(
      'ERR_KEY_INVALID',
      'a key-encryption key is 32 random bytes as base64url (43 characters) or hexadecimal digits (64), and nothing else',
    )
  }
  // A file of zeros is a mistake, not a key.
  if (bytes.every((byte) => byte === bytes[0])) {
    throw new IssuerError(
      'ERR_KEY_INVALID',
      'a key-encryption key must be random: all its bytes are the same',
    )
  }
  return bytes
}

/** Whether a value from a store can be the ID of a key. Whoever writes the store may put any text there, of any length. */
export function isKeyEncryptionKeyId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value)
}

function decodeKey(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(text)) {
    return Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
  }
  return /^[A-Za-z0-9_-]{43}=?$/.test(text) ? decodeBase64(text) : undefined
}

async function computeId(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const labelled = new Uint8Array([...new TextEncoder().encode(idLabel), ...bytes])
  return encodeBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', labelled)))
}

async function deriveAuthenticationKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  const info = new TextEncoder().encode(recordLabel)
  return crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info },
    material,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign', 'verify'],
  )
}
