import type {
  AssignmentList,
  issuerFacts,
  RunnerIdentityResult,
  RunnerTokenRequest,
  RunnerTokenResult,
  SystemTokenRequest,
} from '@workload-identity/api'
import type { Static } from 'typebox'

/** What the issuer says of itself. */
export type IssuerFacts = Static<typeof issuerFacts>

/**
 * What a runner asks its issuer. Every operation throws `IssuerRefusal` for a 4xx answer and `IssuerError`
 * `ERR_ISSUER_UNAVAILABLE` when there is none: no connection, a time-out, a 5xx, or an answer that is not the API's.
 */
export interface RunnerClient {
  /** Tokens for sandboxes of this runner, at most 100: a token or an error for each, in the order asked. */
  mintTokens(requests: readonly RunnerTokenRequest[]): Promise<readonly RunnerTokenResult[]>
  /** Who sandboxes of this runner are, at most 100: an identity or an error for each, in the order asked. */
  describeSandboxes(sandboxIds: readonly string[]): Promise<readonly RunnerIdentityResult[]>
  /** The assignments of this runner, unless they are still those that came with `etag`. */
  listAssignments(
    etag?: string,
  ): Promise<{ readonly etag: string; readonly list: AssignmentList } | 'not-modified'>
  /** A token of a configured system workload. */
  mintSystemToken(
    request: SystemTokenRequest,
  ): Promise<{ readonly value: string; readonly expires_at: number }>
  /** Facts about the issuer. */
  readIssuer(): Promise<IssuerFacts>
}
