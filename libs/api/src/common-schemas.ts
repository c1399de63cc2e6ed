import { Type, type TObject, type TOptional, type TProperties, type TString } from 'typebox'

/** An object that has these properties and no others. */
export function closed<P extends TProperties>(properties: P): TObject<P> {
  return Type.Object(properties, { additionalProperties: false })
}

/** A moment. */
export const unixSeconds = (description: string) =>
  Type.Integer({ description: `${description}, in Unix seconds.` })

/** Texts that may be absent, by name with their descriptions. */
export function optionalTexts<Name extends string>(
  names: Readonly<Record<Name, string>>,
): Readonly<Record<Name, TOptional<TString>>> {
  const entries = Object.entries<string>(names).map(([name, description]) => [
    name,
    Type.Optional(Type.String({ description })),
  ])
  return Object.fromEntries(entries) as Record<Name, TOptional<TString>>
}

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
