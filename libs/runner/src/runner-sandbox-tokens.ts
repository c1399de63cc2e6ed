import type { RunnerIdentityResult, RunnerTokenRequest, RunnerTokenResult } from '@workload-identity/api'
import { IssuerError, type IdentityClaims, type SandboxTokens } from '@workload-identity/core'
import { HttpRefusal } from '@workload-identity/transport-http'
import type { AssignedSandbox } from './assignments.ts'
import type { RefusedEntry } from './entry-refusal.ts'
import type { RunnerEvent } from './events.ts'
import type { KeptToken } from './kept-token.ts'
import type { CachedAnswer, SandboxCache } from './sandbox-cache.ts'
import { buildTokenRequest, variantOf } from './token-request.ts'
import type { UpstreamBatches } from './upstream-batches.ts'

/** A minted token as the issuer gives it in a batch. */
export type MintedEntry = Exclude<RunnerTokenResult, RefusedEntry>
/** An identity as the issuer gives it in a batch. */
export type IdentityEntry = Exclude<RunnerIdentityResult, RefusedEntry>

/** What {@link createRunnerSandboxTokens} needs. */
export interface RunnerSandboxTokensDependencies {
  /**
   * The sandbox that has the secret with that SHA-256, after asking the issuer when that is not known.
   *
   * @throws {IssuerError} `ERR_CREDENTIAL_UNKNOWN` when it is known that there is none; `ERR_ISSUER_UNAVAILABLE`.
   */
  readonly authenticate: (secretSha256: string) => Promise<AssignedSandbox>
  readonly tokens: SandboxCache<KeptToken>
  readonly identities: SandboxCache<IdentityClaims>
  readonly mint: (request: RunnerTokenRequest) => Promise<KeptToken>
  readonly describe: UpstreamBatches<string, IdentityEntry>['ask']
  readonly onEvent: (event: RunnerEvent) => void
}

/** The most different tokens that are asked for one sandbox at once. */
const MOST_AT_ONCE = 100
/** How often a question is put again because the sandbox changed while it was under way. */
const MOST_TRIES = 3

/**
 * Makes the `SandboxTokens` of a runner, which prove sandboxes by its assignments and keep what the issuer said. What is
 * asked is checked here as the issuer would. A sandbox that ends, moves or changes while its token is under way does not
 * get that token.
 */
export function createRunnerSandboxTokens(dependencies: RunnerSandboxTokensDependencies): SandboxTokens {
  const { authenticate, tokens, identities, mint, describe, onEvent } = dependencies

  const answer = async <Value>(
    what: 'token' | 'identity',
    secretSha256: string,
    ask: (sandbox: AssignedSandbox) => Promise<CachedAnswer<Value>>,
  ): Promise<Value> => {
    let sandbox = await authenticate(secretSha256)
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const { value, from } = await ask(sandbox)
      // What is kept was given without asking anybody: nothing can have changed meanwhile.
      const present = from === 'cache' ? sandbox : await authenticate(secretSha256)
      if (isSameSandbox(sandbox, present)) {
        onEvent({ type: 'answered', what, sandbox_id: sandbox.assignment.sandbox_id, from })
        return value
      }
      sandbox = present
    }
    throw new IssuerError('ERR_ISSUER_UNAVAILABLE', 'the sandbox keeps changing; try again later')
  }

  return {
    async issue(secretSha256, options) {
      const { value, expires_at } = await answer('token', secretSha256, async ({ assignment, era }) => {
        const { sandbox_id: sandboxId } = assignment
        const request = buildTokenRequest(sandboxId, options)
        if (tokens.underWay(sandboxId) >= MOST_AT_ONCE) throw tooManyAtOnce()
        return tokens.read({ sandboxId, era, variant: variantOf(request) }, () => mint(request))
      })
      return { value, expires_at }
    },
    describe: (secretSha256) =>
      answer('identity', secretSha256, async ({ assignment: { sandbox_id: sandboxId }, era }) =>
        identities.read({ sandboxId, era, variant: '' }, async () => (await describe(sandboxId)).claims),
      ),
  }
}

function isSameSandbox(one: AssignedSandbox, other: AssignedSandbox): boolean {
  return one.assignment.sandbox_id === other.assignment.sandbox_id && one.era === other.era
}

function tooManyAtOnce(): HttpRefusal {
  return new HttpRefusal({
    status: 429,
    error: 'slow_down',
    description: `more than ${MOST_AT_ONCE} different tokens are asked for this sandbox at once`,
    headers: { 'retry-after': '1' },
  })
}
