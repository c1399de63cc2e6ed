import { IssuerError } from '../errors.ts'

/** The most audiences one token may have. */
export const MAX_AUDIENCES = 10

/** The longest audience, in characters. */
export const MAX_AUDIENCE_LENGTH = 1000

/** What a cluster says about audiences. */
export interface AudiencePolicy {
  /** The audience of a token when none is asked for. */
  readonly defaultAudience: string
  /** The only audiences that may be asked for; absent = any. Never empty. */
  readonly allowedAudiences?: readonly string[]
}

const visibleAscii = /^[\x21-\x7e]+$/

/** Why a value cannot be an audience, or `undefined` when it can: 1–1000 visible ASCII characters. */
export function audienceProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'is not a string'
  if (value === '') return 'is empty'
  if (value.length > MAX_AUDIENCE_LENGTH) return `is longer than ${MAX_AUDIENCE_LENGTH} characters`
  return visibleAscii.test(value) ? undefined : 'must consist of visible ASCII characters'
}

/**
 * The audiences a token gets, in the order asked for; the default one when none was asked for.
 *
 * @param requested one audience or 1–10 of them without duplicates; `undefined` = none asked for.
 * @param narrower a second list that must allow each of them as well (the sandbox's own).
 * @throws {IssuerError} `ERR_AUDIENCE_INVALID` for what can never be an audience or a list of them.
 * @throws {IssuerError} `ERR_AUDIENCE_NOT_ALLOWED` for what the cluster or the sandbox may not ask for; the default
 * audience is checked like any other, so that a list never means more than what it says.
 */
export function resolveAudience(
  requested: string | readonly string[] | undefined,
  policy: AudiencePolicy,
  narrower?: readonly string[],
): readonly string[] {
  const audiences = parseAudiences(requested ?? policy.defaultAudience)
  for (const allowed of [policy.allowedAudiences, narrower]) {
    if (allowed === undefined) continue
    const refused = audiences.find((audience) => !allowed.includes(audience))
    if (refused !== undefined) {
      throw new IssuerError('ERR_AUDIENCE_NOT_ALLOWED', 'the audience is not one of the allowed ones', {
        details: { audience: refused },
      })
    }
  }
  return audiences
}

/**
 * The value as a list of audiences: 1–10 of them, each valid, no duplicates, order kept.
 *
 * @throws {IssuerError} `ERR_AUDIENCE_INVALID` with the reason.
 */
export function parseAudiences(value: unknown): readonly string[] {
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (audiences.length === 0) throw invalid('the list of audiences is empty')
  if (audiences.length > MAX_AUDIENCES) throw invalid(`there are more than ${MAX_AUDIENCES} audiences`)
  for (const audience of audiences) {
    const problem = audienceProblem(audience)
    if (problem !== undefined) throw invalid(`an audience ${problem}`)
  }
  if (new Set(audiences).size < audiences.length) throw invalid('an audience is given twice')
  return audiences as readonly string[]
}

/** The `aud` claim: a string for one audience, an array otherwise (RFC 7519 §4.1.3). */
export function audienceClaim(audiences: readonly string[]): string | readonly string[] {
  const [first] = audiences
  return first !== undefined && audiences.length === 1 ? first : audiences
}

function invalid(message: string): IssuerError {
  return new IssuerError('ERR_AUDIENCE_INVALID', message)
}
