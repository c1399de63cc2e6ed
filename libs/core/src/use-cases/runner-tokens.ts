import { IssuerError } from '../errors.ts'
import { parseIdentifier } from '../identifiers.ts'
import type { Issuer, MintedToken } from '../issuer.ts'
import type { RunnerRecord } from '../ports/runner-registry.ts'
import type { SandboxRecord } from '../ports/sandbox-registry.ts'
import type { IssuedToken, TokenOptions } from '../ports/token-issuer.ts'
import type { Clock, UnixSeconds } from '../time.ts'
import type { IdentityClaims } from '../token/claims.ts'
import { describeSandbox, mintSandboxToken } from './mint-sandbox-token.ts'
import type { TokenRequestFacts } from './sandbox-tokens.ts'

/** A token that a runner asks for on behalf of one of its sandboxes. */
export interface RunnerTokenOrder extends TokenOptions {
  readonly sandbox_id: string
}

/** What runners get for the sandboxes that are assigned to them. Claims come from the registry alone. */
export interface RunnerTokens {
  /**
   * A token for a live sandbox of that runner, within the sandbox's policy.
   *
   * @param facts for `onIssued`; of no effect on the token.
   * @throws {IssuerError} `ERR_SANDBOX_NOT_ASSIGNED` when the sandbox is not live, or another's; `ERR_IDENTIFIER_INVALID`;
   * those of `TokenIssuer.issueToken`; those of the registry.
   */
  issue(runner: RunnerRecord, request: RunnerTokenOrder, facts?: TokenRequestFacts): Promise<IssuedToken>

  /**
   * The claims that say who a live sandbox of that runner is. Signs nothing.
   *
   * @throws {IssuerError} as `issue`.
   */
  describe(runner: RunnerRecord, sandboxId: string): Promise<IdentityClaims>
}

/** What {@link createRunnerTokens} needs. */
export interface RunnerTokensDependencies {
  /**
   * The live sandbox with that ID: of a registry, or of one that remembers (`CachedSandboxes`). From memory it may give
   * only what is assigned to the runner that asks: all else is refused, and what is remembered may be out of date.
   */
  readonly findSandbox: (
    sandboxId: string,
    now: UnixSeconds,
    runnerId: string,
  ) => Promise<SandboxRecord | undefined>
  readonly issuer: Issuer
  readonly clock: Clock
  /** Called with every token before it is handed out; what it throws refuses the token. */
  readonly onIssued?: (minted: MintedToken, record: SandboxRecord, facts?: TokenRequestFacts) => void
}

/** Makes {@link RunnerTokens}. */
export function createRunnerTokens(dependencies: RunnerTokensDependencies): RunnerTokens {
  const { findSandbox, issuer, clock, onIssued } = dependencies

  const findAssigned = async (runner: RunnerRecord, sandboxId: string): Promise<SandboxRecord> => {
    const record = await findSandbox(parseIdentifier('sandbox_id', sandboxId), clock(), runner.runner_id)
    // One sentence for all: a runner does not learn what others host.
    if (record?.runner_id !== runner.runner_id) {
      throw new IssuerError(
        'ERR_SANDBOX_NOT_ASSIGNED',
        'no live sandbox with that ID is assigned to this runner',
      )
    }
    return record
  }

  return {
    async issue(runner, { sandbox_id: sandboxId, audience, ttl }, facts) {
      const record = await findAssigned(runner, sandboxId)
      const options = { ...(audience !== undefined && { audience }), ...(ttl !== undefined && { ttl }) }
      const minted = await mintSandboxToken(issuer, record, options)
      onIssued?.(minted, record, facts)
      return minted.token
    },
    async describe(runner, sandboxId) {
      return describeSandbox(issuer, await findAssigned(runner, sandboxId))
    },
  }
}
