import { errors, jwtVerify, type JWTPayload } from 'jose'
import { IssuerError } from '../errors.ts'
import { parseIssuerUrl } from '../issuer-url.ts'
import { importVerifyKey } from '../key-ring/key-material.ts'
import { publishedKeys, type KeyEntry, type KeyRing } from '../key-ring/key-ring.ts'
import { DEFAULT_ROTATION_POLICY } from '../key-ring/rotation-policy.ts'
import type { Seconds, UnixSeconds } from '../time.ts'
import { audienceProblem } from './audience.ts'
import type { IdTokenClaims } from './claims.ts'
import { assertSignedThen, findPastKey, type PastKey } from './past-key.ts'
import { parseSubject, type Subject } from './subject.ts'

/** What a token must be to be accepted. The defaults are the strict ones. */
export interface VerifyTokenOptions {
  /** The audience the token must be for. */
  readonly audience: string
  /** Whose token it must be; `sandbox` unless told otherwise. */
  readonly identityType?: 'sandbox' | 'system'
  /** Accepts a token that has other audiences as well. Each of those can replay it here. */
  readonly allowMultipleAudiences?: boolean
  /**
   * Judges as of this moment in the past, for a token found in an old log: it must have been valid then, and its key, which
   * may be gone by now, must have been published then and have signed when the token was made.
   */
  readonly at?: UnixSeconds
  /**
   * With `at`: accepts a token of a key that was revoked later, as the issuer would have at that moment. What is revoked may
   * have leaked long before, and a thief dates tokens as he likes, so this shows what a token says and proves nothing.
   */
  readonly acceptRevokedKeys?: boolean
}

/** What a verification needs besides the token. */
export interface VerificationContext extends VerifyTokenOptions {
  readonly ring: KeyRing
  readonly issuerUrl: string
  /** Further URLs that tokens may carry: those from which the issuer moved. */
  readonly otherIssuerUrls?: readonly string[]
  readonly now: UnixSeconds
  /** How long a replica may have signed with a key that had retired; matters for `at` alone. 300 s unless given. */
  readonly storeLag?: Seconds
}

/** The longest token that is looked at, in characters; the longest that an issuer can make is below 20000. */
const maxTokenLength = 32_768

// RFC 7515 §2 allows no padding, white space or line breaks, but a lenient decoder skips them, and the same token would
// then have several spellings.
const compactJws = /^[\w-]+\.[\w-]+\.[\w-]+$/

const requiredClaims = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti']

/**
 * The claims of a token that this issuer signed, that is valid at `now`, or was at `at`, and is for the given audience. The
 * key is found by `kid` among the published keys, or those of then, and decides the algorithm; what the token says of it
 * only has to agree.
 *
 * @throws {IssuerError} `ERR_TOKEN_KEY_UNKNOWN` when no published key has its `kid`; `ERR_TOKEN_EXPIRED`;
 * `ERR_TOKEN_NOT_YET_VALID`; `ERR_TOKEN_INVALID` for everything else, with the reason in the text.
 * @throws {IssuerError} with `at`: `ERR_TOKEN_KEY_REVOKED` when everything is right but the key was revoked since, or
 * before; `ERR_REQUEST_INVALID` when that moment is yet to come.
 * @throws {IssuerError} `ERR_AUDIENCE_INVALID` or `ERR_ISSUER_URL_INVALID` for a context that could check nothing.
 */
export async function verifyIdToken(token: string, context: VerificationContext): Promise<IdTokenClaims> {
  const { issuerUrl, otherIssuerUrls = [], audience, now, at } = context
  assertContext(context)
  if (typeof token !== 'string') throw invalid('it is not a text')
  if (token.length > maxTokenLength) throw invalid('it is too long')
  if (!compactJws.test(token)) throw invalid('it is not a well-formed signed token')
  let payload: JWTPayload
  let pastKey: PastKey | undefined
  try {
    const verified = await jwtVerify(
      token,
      async ({ kid, alg }) => {
        const key = findKey(context, kid)
        if ('signed' in key) pastKey = key
        if (alg !== key.alg) throw invalid('its algorithm is not that of its key')
        return importVerifyKey(key.alg, key.public)
      },
      {
        issuer: [issuerUrl, ...otherIssuerUrls],
        audience,
        typ: 'JWT',
        currentDate: new Date((at ?? now) * 1000),
        requiredClaims,
      },
    )
    payload = verified.payload
  } catch (cause) {
    throw toTokenError(cause)
  }
  assertTokenId(payload)
  assertAudienceCount(payload, context)
  assertIdentity(payload, context.identityType ?? 'sandbox')
  if (at !== undefined && pastKey !== undefined) {
    const { storeLag = DEFAULT_ROTATION_POLICY.storeLag, acceptRevokedKeys = false } = context
    assertSignedThen(pastKey, { iat: payload.iat as UnixSeconds, at, storeLag, acceptRevokedKeys })
  }
  return payload as unknown as IdTokenClaims
}

function findKey({ ring, now, at }: VerificationContext, kid: string | undefined): KeyEntry | PastKey {
  if (kid === undefined) throw invalid('it names no key')
  const key =
    at === undefined
      ? publishedKeys(ring, now).find((candidate) => candidate.kid === kid)
      : findPastKey(ring, kid)
  if (key !== undefined) return key
  const reason = at === undefined ? 'is not published' : 'is not among those that this issuer has or had'
  throw new IssuerError('ERR_TOKEN_KEY_UNKNOWN', `the key of the token ${reason}`)
}

/** An audience or issuer URL that is absent would switch its check off, so it is refused. */
function assertContext({ audience, issuerUrl, now, at }: VerificationContext): void {
  if (at !== undefined && !(Number.isSafeInteger(at) && at <= now)) {
    throw new IssuerError('ERR_REQUEST_INVALID', 'a token can be judged as of a moment in the past only', {
      details: { at, now },
    })
  }
  const problem = audienceProblem(audience)
  if (problem !== undefined) {
    throw new IssuerError('ERR_AUDIENCE_INVALID', `the audience to verify for ${problem}`)
  }
  parseIssuerUrl(issuerUrl)
}

function assertTokenId({ jti }: JWTPayload): void {
  if (typeof jti !== 'string' || jti === '') throw invalid('its claim or header "jti" is missing or wrong')
}

function assertAudienceCount({ aud }: JWTPayload, { allowMultipleAudiences }: VerificationContext): void {
  if (Array.isArray(aud) && aud.length !== 1 && allowMultipleAudiences !== true) {
    throw invalid('it is for more than one audience')
  }
}

/**
 * Type, subject and the claims that name the workload must agree, and nothing may name one of the other type: verifiers
 * match on any of them.
 */
function assertIdentity(payload: JWTPayload, expected: 'sandbox' | 'system'): void {
  const { app, sandbox_id: sandboxId, system_workload: workload } = payload
  if (payload['identity_type'] !== expected) throw invalid(`it is not the token of a ${expected}`)
  const subject = parseTokenSubject(payload.sub)
  if ((subject.form === 'system') !== (expected === 'system')) {
    throw invalid('its subject does not fit its type')
  }
  const agrees =
    subject.form === 'system'
      ? workload === subject.workload && sandboxId === undefined && app === undefined
      : workload === undefined && typeof sandboxId === 'string' && sandboxId !== ''
  if (!agrees || (subject.form === 'sandbox' && sandboxId !== subject.sandboxId)) {
    throw invalid('its claims do not fit its subject')
  }
}

function parseTokenSubject(text: unknown): Subject {
  try {
    return parseSubject(typeof text === 'string' ? text : '')
  } catch (cause) {
    throw invalid('its subject is not one of this issuer', cause)
  }
}

function toTokenError(cause: unknown): IssuerError {
  if (cause instanceof IssuerError) return cause
  if (cause instanceof errors.JWTExpired) {
    return new IssuerError('ERR_TOKEN_EXPIRED', 'the token has expired')
  }
  if (cause instanceof errors.JWTClaimValidationFailed) {
    if (cause.claim === 'nbf' && cause.reason === 'check_failed') {
      return new IssuerError('ERR_TOKEN_NOT_YET_VALID', 'the token is not valid yet')
    }
    return invalid(`its claim or header "${cause.claim}" is missing or wrong`)
  }
  if (cause instanceof errors.JWSSignatureVerificationFailed) return invalid('its signature is wrong')
  // The cause may quote the token, so it stays out.
  return invalid('it is not a well-formed signed token')
}

function invalid(reason: string, cause?: unknown): IssuerError {
  return new IssuerError('ERR_TOKEN_INVALID', `the token is refused: ${reason}`, { cause })
}
