/** A JWS algorithm that keys of an issuer can have (RFC 7518 §3.1, RFC 8037 §3.1). */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA'

/** What an operator chooses for new keys: an algorithm, and for RSA a size other than 2048 bits. */
export type KeySpecification =
  'RS256' | 'RS256-3072' | 'RS256-4096' | 'PS256' | 'PS256-3072' | 'PS256-4096' | 'ES256' | 'EdDSA'

/** The parameters WebCrypto needs, and the JWK members that make up the two halves of a key. */
export interface AlgorithmParameters {
  readonly keyType: 'RSA' | 'EC' | 'OKP'
  readonly curve?: 'P-256' | 'Ed25519'
  readonly importParameters: RsaHashedImportParams | EcKeyImportParams | Algorithm
  readonly signParameters: AlgorithmIdentifier | RsaPssParams | EcdsaParams
  readonly publicMembers: readonly string[]
  readonly privateMembers: readonly string[]
}

/** The fewest bits an RSA modulus may have (RFC 7518 §3.3). */
export const MIN_RSA_BITS = 2048

const rsaMembers = { publicMembers: ['kty', 'n', 'e'], privateMembers: ['d', 'p', 'q', 'dp', 'dq', 'qi'] }

/** Everything that differs between algorithms, looked up once by whoever needs it. */
export const algorithms: Readonly<Record<SigningAlgorithm, AlgorithmParameters>> = {
  RS256: {
    keyType: 'RSA',
    importParameters: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
    signParameters: { name: 'RSASSA-PKCS1-v1_5' },
    ...rsaMembers,
  },
  PS256: {
    keyType: 'RSA',
    importParameters: { name: 'RSA-PSS', hash: 'SHA-256' },
    signParameters: { name: 'RSA-PSS', saltLength: 32 },
    ...rsaMembers,
  },
  ES256: {
    keyType: 'EC',
    curve: 'P-256',
    importParameters: { name: 'ECDSA', namedCurve: 'P-256' },
    signParameters: { name: 'ECDSA', hash: 'SHA-256' },
    publicMembers: ['kty', 'crv', 'x', 'y'],
    privateMembers: ['d'],
  },
  EdDSA: {
    keyType: 'OKP',
    curve: 'Ed25519',
    importParameters: { name: 'Ed25519' },
    signParameters: { name: 'Ed25519' },
    publicMembers: ['kty', 'crv', 'x'],
    privateMembers: ['d'],
  },
}

const specifications: Readonly<Record<KeySpecification, { alg: SigningAlgorithm; modulusLength?: number }>> =
  {
    RS256: { alg: 'RS256', modulusLength: 2048 },
    'RS256-3072': { alg: 'RS256', modulusLength: 3072 },
    'RS256-4096': { alg: 'RS256', modulusLength: 4096 },
    PS256: { alg: 'PS256', modulusLength: 2048 },
    'PS256-3072': { alg: 'PS256', modulusLength: 3072 },
    'PS256-4096': { alg: 'PS256', modulusLength: 4096 },
    ES256: { alg: 'ES256' },
    EdDSA: { alg: 'EdDSA' },
  }

/** Every {@link KeySpecification}, the default first. */
export const keySpecifications = Object.keys(specifications) as readonly KeySpecification[]

/** Whether the text names an algorithm this issuer knows. */
export function isSigningAlgorithm(text: string): text is SigningAlgorithm {
  return Object.hasOwn(algorithms, text)
}

/** The algorithm of a specification and the WebCrypto parameters that generate such a key. */
export function generationParameters(specification: KeySpecification): {
  readonly alg: SigningAlgorithm
  readonly parameters: RsaHashedKeyGenParams | EcKeyGenParams | Algorithm
} {
  const { alg, modulusLength } = specifications[specification]
  const { importParameters } = algorithms[alg]
  if (modulusLength === undefined) return { alg, parameters: importParameters }
  const publicExponent = Uint8Array.of(1, 0, 1)
  return {
    alg,
    parameters: { ...(importParameters as RsaHashedImportParams), modulusLength, publicExponent },
  }
}
