import { decodeBase64 } from '../base64url.ts'
import { IssuerError } from '../errors.ts'
import type { SigningAlgorithm } from './algorithms.ts'
import { toSigningKeyMaterial, type SigningKeyMaterial } from './key-material.ts'

// The fixed beginning of an Ed25519 private key in PKCS#8 (RFC 8410 §7); the 32 bytes of the seed follow.
const ed25519Prefix = Uint8Array.of(
  0x30,
  0x2e,
  0x02,
  0x01,
  0,
  0x30,
  0x05,
  0x06,
  0x03,
  0x2b,
  0x65,
  0x70,
  0x04,
  0x22,
  0x04,
  0x20,
)

// Object identifiers in DER: rsaEncryption (RFC 8017 appendix C) and id-Ed25519 (RFC 8410 §3).
const rsaEncryption = Uint8Array.of(0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01)
const ed25519 = Uint8Array.of(0x06, 0x03, 0x2b, 0x65, 0x70)

const derSequence = 0x30
const derInteger = 0x02

/**
 * The private key in a PEM text (RFC 7468), whatever its label says: PKCS#8 with an RSA or Ed25519 key, or a body of
 * exactly 32 bytes, which is the seed of an Ed25519 key. RSA keys sign RS256.
 *
 * @throws {IssuerError} `ERR_KEY_INVALID` for anything else; PKCS#1, SEC 1 and encrypted keys are named, with what to do.
 * @throws {IssuerError} `ERR_KEY_MISMATCH` when the halves of the key do not belong together.
 */
export async function importPrivateKeyPem(pem: string): Promise<SigningKeyMaterial> {
  const der = decodePem(pem)
  if (der.length === 32) return importPkcs8(concat(ed25519Prefix, der), 'EdDSA')
  const [version, next] = readFirstMembers(der)
  if (version === 0 && next === derInteger) {
    throw invalid('is in PKCS#1 form; convert it: openssl pkcs8 -topk8 -nocrypt -in old.pem -out new.pem')
  }
  if (version === 1 && next === 0x04) {
    throw invalid('is a SEC 1 elliptic-curve key; only RSA and Ed25519 keys in PKCS#8 form can be imported')
  }
  if (version === undefined && next === derSequence) {
    throw invalid('looks encrypted or public; give the private key in plain PKCS#8 form')
  }
  if (version === undefined || next !== derSequence) throw invalid('is not a PKCS#8 private key')
  if (contains(der.subarray(0, 40), rsaEncryption)) return importPkcs8(der, 'RS256')
  if (contains(der.subarray(0, 40), ed25519)) {
    return importPkcs8(version === 1 ? concat(ed25519Prefix, seedOf(der)) : der, 'EdDSA')
  }
  throw invalid('is neither an RSA nor an Ed25519 key')
}

function decodePem(pem: string): Uint8Array<ArrayBuffer> {
  const blocks = [...pem.matchAll(/-----BEGIN ([^\r\n]*?)-----(.*?)-----END ([^\r\n]*?)-----/gs)]
  const [block] = blocks
  if (block === undefined) throw invalid('is not a PEM text')
  if (blocks.length > 1) throw invalid('holds more than one PEM block')
  const [, begin = '', body = '', end] = block
  if (begin !== end) throw invalid('begins and ends with different PEM labels')
  if (body.includes(':')) throw invalid('is encrypted by the old PEM method; give it in plain PKCS#8 form')
  const der = decodeBase64(body.replace(/\s+/g, ''))
  if (der === undefined || der.length === 0) throw invalid('has a PEM body that is not base64')
  return der
}

/** The integer a DER sequence starts with (if it does and is one byte long) and the tag of what follows. */
function readFirstMembers(der: Uint8Array): [version: number | undefined, nextTag: number | undefined] {
  if (der[0] !== derSequence) return [undefined, undefined]
  const length = der[1] ?? 0
  const start = length < 0x80 ? 2 : 2 + (length & 0x7f)
  if (der[start] !== derInteger) return [undefined, der[start]]
  return der[start + 1] === 1 ? [der[start + 2], der[start + 3]] : [undefined, undefined]
}

/** The seed in the form of RFC 5958 §2, which holds the public key as well and which older runtimes do not read. */
function seedOf(der: Uint8Array): Uint8Array {
  const start = ed25519Prefix.length
  if (encodeHex(der.subarray(5, start)) !== encodeHex(ed25519Prefix.subarray(5)) || der.length < start + 32) {
    throw invalid('cannot be read as PKCS#8')
  }
  return der.subarray(start, start + 32)
}

async function importPkcs8(der: Uint8Array<ArrayBuffer>, alg: SigningAlgorithm): Promise<SigningKeyMaterial> {
  const parameters = alg === 'EdDSA' ? { name: 'Ed25519' } : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  let jwk: JsonWebKey
  try {
    const key = await crypto.subtle.importKey('pkcs8', der, parameters, true, ['sign'])
    jwk = await crypto.subtle.exportKey('jwk', key)
  } catch (cause) {
    throw new IssuerError('ERR_KEY_INVALID', 'the private key cannot be read as PKCS#8', { cause })
  }
  return toSigningKeyMaterial(alg, jwk)
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(left.length + right.length)
  joined.set(left)
  joined.set(right, left.length)
  return joined
}

function contains(haystack: Uint8Array, needle: Uint8Array): boolean {
  return encodeHex(haystack).includes(encodeHex(needle))
}

function encodeHex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
}

function invalid(reason: string): IssuerError {
  return new IssuerError('ERR_KEY_INVALID', `the private key ${reason}`)
}
