import { IssuerError } from './errors.ts'

declare const kind: unique symbol

/** An organization's ID. */
export type OrganizationId = string & { readonly [kind]: 'OrganizationId' }
/** A cluster's ID. A cluster without one is `default` in stores and has no claim. */
export type ClusterId = string & { readonly [kind]: 'ClusterId' }
/** An application's ID. */
export type AppId = string & { readonly [kind]: 'AppId' }
/** The ID of one running workload instance. */
export type SandboxId = string & { readonly [kind]: 'SandboxId' }
/** The ID of a node that hosts sandboxes. */
export type RunnerId = string & { readonly [kind]: 'RunnerId' }
/** The name of a system workload (a part of the platform itself). */
export type SystemWorkload = string & { readonly [kind]: 'SystemWorkload' }

interface IdentifierTypes {
  readonly organization_id: OrganizationId
  readonly cluster_id: ClusterId
  readonly app: AppId
  readonly sandbox_id: SandboxId
  readonly runner_id: RunnerId
  readonly system_workload: SystemWorkload
}

/** What an identifier identifies; also the name under which it appears in claims, JSON and errors. */
export type IdentifierKind = keyof IdentifierTypes

/** The longest identifier, in characters (all of them ASCII). */
export const MAX_IDENTIFIER_LENGTH = 255

/** The name under which stores keep a cluster that has no ID. */
export const DEFAULT_CLUSTER = 'default'

// No colon (it separates the parts of a subject), no percent sign, asterisk, question mark, quote or white space
// (they widen or break a generated policy), nothing outside ASCII (look-alikes).
const alphabet = /^[A-Za-z0-9][A-Za-z0-9._/@+=~-]*$/

/**
 * Why `text` is not an identifier, or `undefined` when it is one: 1–255 characters of `A–Z a–z 0–9 . _ / @ + = ~ -`,
 * the first one a letter or digit, and no empty, `.` or `..` segment between slashes.
 */
export function identifierProblem(text: string): string | undefined {
  if (text === '') return 'is empty'
  if (text.length > MAX_IDENTIFIER_LENGTH) return `is longer than ${MAX_IDENTIFIER_LENGTH} characters`
  if (!alphabet.test(text)) {
    return 'must consist of A-Z a-z 0-9 . _ / @ + = ~ - and start with a letter or digit'
  }
  if (text.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return 'must not have an empty, "." or ".." segment between slashes'
  }
  return undefined
}

/**
 * The text as an identifier of that kind; refused, never repaired, when it is not one.
 *
 * @throws {IssuerError} `ERR_IDENTIFIER_INVALID` with `details.name` and the reason.
 */
export function parseIdentifier<K extends IdentifierKind>(name: K, text: string): IdentifierTypes[K] {
  const problem = typeof text === 'string' ? identifierProblem(text) : 'is not a string'
  if (problem !== undefined) {
    throw new IssuerError('ERR_IDENTIFIER_INVALID', `${name} ${problem}`, { details: { name } })
  }
  return text as IdentifierTypes[K]
}
