import { decodeBase64, encodeBase64Url } from '../base64url.ts'
import { IssuerError } from '../errors.ts'
import {
  algorithms,
  generationParameters,
  MIN_RSA_BITS,
  type KeySpecification,
  type SigningAlgorithm,
} from './algorithms.ts'

/** The members of a JWK that make up one half of a key (RFC 7517 §4, RFC 7518 §6); all of them texts. */
export type KeyMembers = Readonly<Record<string, string>>

/** A key before it is in a ring: its ID, its algorithm and one or both halves. */
export interface KeyMaterial {
  readonly kid: string
  readonly alg: SigningAlgorithm
  /** The public half: members of the algorithm's allow-list only. */
  readonly public: KeyMembers
  /** The whole private key as a JWK; absent for a key that only verifies. */
  readonly private?: KeyMembers
}

/** Key material that can sign. */
export type SigningKeyMaterial = KeyMaterial & { readonly private: KeyMembers }

/** Generates a key by WebCrypto's random source. RSA takes tens to hundreds of milliseconds. */
export async function generateKeyMaterial(
  specification: KeySpecification = 'RS256',
): Promise<SigningKeyMaterial> {
  const { alg, parameters } = generationParameters(specification)
  const pair = (await crypto.subtle.generateKey(parameters, true, ['sign', 'verify'])) as CryptoKeyPair
  return toSigningKeyMaterial(alg, await crypto.subtle.exportKey('jwk', pair.privateKey))
}

/**
 * Key material of a private JWK: the members that belong to the algorithm, the ID computed from the public half, and
 * proof that the halves belong together.
 *
 * @throws {IssuerError} `ERR_KEY_INVALID` when it is not such a key or is too weak; `ERR_KEY_MISMATCH` when its halves do
 * not belong together.
 */
export async function toSigningKeyMaterial(alg: SigningAlgorithm, jwk: object): Promise<SigningKeyMaterial> {
  const { publicMembers, privateMembers } = algorithms[alg]
  const material = {
    ...(await toPublicKeyMaterial(alg, jwk)),
    private: pickMembers(alg, jwk, [...publicMembers, ...privateMembers]),
  }
  await proveKey(material)
  return material
}

/**
 * Key material of a JWK's public half, whatever else is in it.
 *
 * @throws {IssuerError} `ERR_KEY_INVALID` when it is not such a key or is too weak.
 */
export async function toPublicKeyMaterial(alg: SigningAlgorithm, jwk: object): Promise<KeyMaterial> {
  const half = pickMembers(alg, jwk, algorithms[alg].publicMembers)
  return { kid: await computeKeyId(alg, half), alg, public: half }
}

/** Whether a key is of the algorithm that was chosen for new keys; an RSA key also, of as many bits or more. */
export function fitsSpecification(
  { alg, public: half }: Pick<KeyMaterial, 'alg' | 'public'>,
  specification: KeySpecification,
): boolean {
  const wanted = generationParameters(specification)
  if (alg !== wanted.alg) return false
  return !('modulusLength' in wanted.parameters) || modulusBits(half) >= wanted.parameters.modulusLength
}

/**
 * The ID of a key: base64url of the SHA-256 of its SubjectPublicKeyInfo in DER; for Ed25519, of the raw 32 bytes of the
 * public key. It depends on the key alone, so that a key keeps its ID wherever it moves.
 *
 * @throws {IssuerError} `ERR_KEY_INVALID` when the half is not a public key of that algorithm or is too weak.
 */
export async function computeKeyId(alg: SigningAlgorithm, publicHalf: KeyMembers): Promise<string> {
  assertStrength(alg, publicHalf)
  const key = await importVerifyKey(alg, publicHalf)
  const bytes = await crypto.subtle.exportKey(alg === 'EdDSA' ? 'raw' : 'spki', key)
  return encodeBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)))
}

/**
 * The private half as a WebCrypto key that can sign and cannot be exported again.
 *
 * @throws {IssuerError} `ERR_KEY_INVALID` when it is not a private key of that algorithm.
 */
export async function importSigningKey(alg: SigningAlgorithm, privateHalf: KeyMembers): Promise<CryptoKey> {
  return importKey(alg, privateHalf, 'sign')
}

/**
 * The public half as a WebCrypto key that can verify.
 *
 * @throws {IssuerError} `ERR_KEY_INVALID` when it is not a public key of that algorithm.
 */
export async function importVerifyKey(alg: SigningAlgorithm, publicHalf: KeyMembers): Promise<CryptoKey> {
  return importKey(alg, publicHalf, 'verify')
}

/**
 * Proves that the two halves of a key belong together, by a signature made with one and checked with the other, and
 * that its ID is the one its public half gives. A key whose halves differ would sign tokens that nobody can verify.
 *
 * @throws {IssuerError} `ERR_KEY_MISMATCH` when they do not; `ERR_KEY_INVALID` when one of them is not a key.
 */
export async function proveKey(material: SigningKeyMaterial): Promise<void> {
  const { alg, kid } = material
  const { signParameters } = algorithms[alg]
  const probe = new TextEncoder().encode(`workload-identity key proof ${kid}`)
  const signature = await signProbe(alg, await importSigningKey(alg, material.private), probe)
  const verifyKey = await importVerifyKey(alg, material.public)
  if (!(await crypto.subtle.verify(signParameters, verifyKey, signature, probe))) {
    throw new IssuerError('ERR_KEY_MISMATCH', `the two halves of key ${kid} do not belong together`, {
      details: { kid },
    })
  }
  await proveKeyId(material)
}

/**
 * Proves that a key's ID is the one its public half gives.
 *
 * @throws {IssuerError} `ERR_KEY_MISMATCH` when it is not; `ERR_KEY_INVALID` when the half is not a key.
 */
export async function proveKeyId({ alg, kid, public: publicHalf }: KeyMaterial): Promise<void> {
  if ((await computeKeyId(alg, publicHalf)) !== kid) {
    throw new IssuerError('ERR_KEY_MISMATCH', `the key ID ${kid} does not belong to its public key`, {
      details: { kid },
    })
  }
}

async function signProbe(
  alg: SigningAlgorithm,
  key: CryptoKey,
  probe: Uint8Array<ArrayBuffer>,
): Promise<ArrayBuffer> {
  try {
    return await crypto.subtle.sign(algorithms[alg].signParameters, key, probe)
  } catch (cause) {
    // Members that contradict each other are found by some runtimes only when they sign.
    throw new IssuerError('ERR_KEY_INVALID', `not a key that can sign ${alg}`, { cause })
  }
}

function pickMembers(alg: SigningAlgorithm, jwk: object, names: readonly string[]): KeyMembers {
  const members: Record<string, string> = {}
  for (const name of names) {
    const value: unknown = Reflect.get(jwk, name)
    if (typeof value !== 'string') throw invalid(`a key for ${alg} lacks its member "${name}"`)
    members[name] = value
  }
  return members
}

function assertStrength(alg: SigningAlgorithm, publicHalf: KeyMembers): void {
  const { keyType, curve } = algorithms[alg]
  if (publicHalf['kty'] !== keyType || publicHalf['crv'] !== curve) {
    throw invalid(`a key for ${alg} must be of type ${keyType}${curve === undefined ? '' : ` on ${curve}`}`)
  }
  if (keyType !== 'RSA') return
  const bits = modulusBits(publicHalf)
  if (bits < MIN_RSA_BITS)
    throw invalid(`the RSA key has ${bits} bits; at least ${MIN_RSA_BITS} are required`)
}

function modulusBits(publicHalf: KeyMembers): number {
  return countBits(decodeBase64(publicHalf['n'] ?? '') ?? new Uint8Array())
}

function countBits(number: Uint8Array): number {
  const first = number.findIndex((byte) => byte !== 0)
  if (first === -1) return 0
  return (number.length - first - 1) * 8 + (32 - Math.clz32(number[first] ?? 0))
}

async function importKey(
  alg: SigningAlgorithm,
  half: KeyMembers,
  use: 'sign' | 'verify',
): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey(
      'jwk',
      { ...half },
      algorithms[alg].importParameters,
      use === 'verify',
      [use],
    )
  } catch (cause) {
    throw new IssuerError('ERR_KEY_INVALID', `not a key that can ${use} ${alg}`, { cause })
  }
}

function invalid(message: string): IssuerError {
  return new IssuerError('ERR_KEY_INVALID', message)
}
