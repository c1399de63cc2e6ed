import { Type, type TProperties } from 'typebox'
import { closed } from '../schemas.ts'

/** A moment. */
export const unixSeconds = (description: string) =>
  Type.Integer({ description: `${description}, in Unix seconds.` })

/** Texts that may be absent, by name with their descriptions. */
export const optionalTexts = (names: Readonly<Record<string, string>>): TProperties =>
  Object.fromEntries(
    Object.entries(names).map(([name, description]) => [name, Type.Optional(Type.String({ description }))]),
  )

/** The algorithm of a key. */
export const algorithm = Type.Enum(['RS256', 'PS256', 'ES256', 'EdDSA'], {
  description: 'A JWS algorithm (RFC 7518 §3.1, RFC 8037 §3.1).',
})

/** A public key. */
export const jwk = closed({
  kty: Type.Enum(['RSA', 'EC', 'OKP']),
  kid: Type.String({ description: 'base64url SHA-256 of the public key.' }),
  use: Type.Literal('sig'),
  alg: algorithm,
  ...optionalTexts({
    n: 'RSA: the modulus.',
    e: 'RSA: the exponent.',
    crv: 'EC and OKP: the curve.',
    x: 'EC and OKP: the public point or its x coordinate.',
    y: 'EC: the y coordinate.',
  }),
})
