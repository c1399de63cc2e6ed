import { IssuerError } from '../errors.ts'
import { parseIdentifier, type SystemWorkload } from '../identifiers.ts'
import type { Issuer, MintedToken } from '../issuer.ts'
import type { RunnerRecord } from '../ports/runner-registry.ts'
import type { IssuedToken, TokenOptions } from '../ports/token-issuer.ts'
import { parseAudiences } from '../token/audience.ts'
import type { TokenRequestFacts } from './sandbox-tokens.ts'

/** A part of the platform that gets tokens of its own, for whom, and by which runners. */
export interface SystemWorkloadRule {
  readonly workload: string
  /** The only audiences that its tokens may have, at least one; the first one when none is asked for. */
  readonly audiences: readonly string[]
  /** The only runners that may ask, at least one; absent = any registered runner. */
  readonly runners?: readonly string[]
}

/** A token of a system workload, as a runner asks for it. */
export interface SystemTokenOrder extends TokenOptions {
  readonly workload: string
}

/**
 * A token of a configured system workload, for the runner that asks.
 *
 * @param facts for `onIssued`; of no effect on the token.
 * @throws {IssuerError} `ERR_SYSTEM_WORKLOAD_REFUSED` when there is no such workload, or the runner or the audience is none
 * of its; those of `TokenIssuer.issueToken`.
 */
export type IssueSystemToken = (
  runner: RunnerRecord,
  request: SystemTokenOrder,
  facts?: TokenRequestFacts,
) => Promise<IssuedToken>

/** What {@link createIssueSystemToken} needs. */
export interface IssueSystemTokenDependencies {
  readonly issuer: Issuer
  readonly rules: readonly SystemWorkloadRule[]
  /** Called with every token before it is handed out; what it throws refuses the token. */
  readonly onIssued?: (minted: MintedToken, runner: RunnerRecord, facts?: TokenRequestFacts) => void
}

interface ParsedRule {
  readonly workload: SystemWorkload
  readonly audiences: readonly string[]
  readonly runners?: ReadonlySet<string>
}

/**
 * Makes {@link IssueSystemToken}.
 *
 * @throws {IssuerError} `ERR_IDENTIFIER_INVALID`, `ERR_AUDIENCE_INVALID`, `ERR_POLICY_INVALID` for rules that cannot be
 * right: an ID that is none, no audience, an empty list of runners, two rules for a workload.
 */
export function createIssueSystemToken(dependencies: IssueSystemTokenDependencies): IssueSystemToken {
  const { issuer, onIssued } = dependencies
  const rules = parseRules(dependencies.rules)
  return async (runner, { workload, audience, ttl }, facts) => {
    const rule = rules.get(workload)
    if (rule === undefined || rule.runners?.has(runner.runner_id) === false) throw refused()
    const audiences = audience === undefined ? rule.audiences.slice(0, 1) : parseAudiences(audience)
    if (!audiences.every((wanted) => rule.audiences.includes(wanted))) throw refused()
    const options = { audience: audiences, ...(ttl !== undefined && { ttl }) }
    const minted = await issuer.mint({ type: 'system', workload: rule.workload }, options)
    onIssued?.(minted, runner, facts)
    return minted.token
  }
}

/** One sentence for all: a runner does not learn what others may ask for. */
function refused(): IssuerError {
  return new IssuerError(
    'ERR_SYSTEM_WORKLOAD_REFUSED',
    'this runner may not ask for a token of that system workload with that audience',
  )
}

function parseRules(rules: readonly SystemWorkloadRule[]): ReadonlyMap<string, ParsedRule> {
  const parsed = new Map<string, ParsedRule>()
  for (const { workload: name, audiences, runners } of rules) {
    const workload = parseIdentifier('system_workload', name)
    if (parsed.has(workload)) throw wrong(`system workload ${workload} is configured twice`)
    if (audiences.length === 0) throw wrong(`system workload ${workload} has no audience`)
    if (runners?.length === 0) {
      throw wrong(`system workload ${workload} has an empty list of runners; leave it out to allow any`)
    }
    for (const audience of audiences) parseAudiences(audience)
    const parsedRunners = runners?.map((runner) => parseIdentifier('runner_id', runner))
    parsed.set(workload, {
      ...{ workload, audiences: [...audiences] },
      ...(parsedRunners !== undefined && { runners: new Set<string>(parsedRunners) }),
    })
  }
  return parsed
}

function wrong(message: string): IssuerError {
  return new IssuerError('ERR_POLICY_INVALID', message)
}
