import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from 'jose'

/** Whom a cloud was told to trust. */
export interface CloudTrust {
  readonly issuerUrl: string
  readonly audience: string
  readonly subject: string
}

/** What a cloud finds out about a token: what it says, or the first thing that is wrong with it. */
export type TokenJudgement =
  | { readonly trusted: true; readonly claims: JWTPayload }
  | { readonly trusted: false; readonly wrong: 'issuer' | 'audience' | 'subject' | 'expired' | 'signature' }

/**
 * Judges a token as the clouds do: it knows the issuer URL, reads discovery and the keys that this names from the issuer, and
 * then compares. Nothing is taken from the token but what was verified.
 */
export async function judgeToken(token: string, trust: CloudTrust): Promise<TokenJudgement> {
  const discovery = await fetch(`${trust.issuerUrl}/.well-known/openid-configuration`)
  const document = (await discovery.json()) as { readonly issuer: string; readonly jwks_uri: string }
  if (document.issuer !== trust.issuerUrl) return { trusted: false, wrong: 'issuer' }
  const keys = createRemoteJWKSet(new URL(document.jwks_uri))
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: trust.issuerUrl,
      audience: trust.audience,
      subject: trust.subject,
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'iat'],
    })
    return { trusted: true, claims: payload }
  } catch (error) {
    return { trusted: false, wrong: whatIsWrong(error) }
  }
}

function whatIsWrong(error: unknown): 'issuer' | 'audience' | 'subject' | 'expired' | 'signature' {
  if (error instanceof errors.JWTExpired) return 'expired'
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'signature'
  switch (error.claim) {
    case 'iss':
      return 'issuer'
    case 'aud':
      return 'audience'
    case 'sub':
      return 'subject'
    default:
      return 'signature'
  }
}
