import {
  createAuthenticateRunner,
  createEndRunner,
  createIssueSystemToken,
  createRegisterRunner,
  createRenewRunnerSecret,
  createRunnerTokens,
} from '@workload-identity/core'
import { toMintedTokenFacts, toSystemTokenFacts } from '../audit-log.ts'
import type { Get, Provide } from './provide.ts'
import * as tokens from './tokens.ts'

/** Provides what admins do with runners, and what runners get. */
export function provideRunners(provide: Provide, get: Get): void {
  provide(tokens.RUNNER_SERVICES, () => {
    const [clock, issuer, auditLog] = [get(tokens.CLOCK), get(tokens.ISSUER), get(tokens.AUDIT_LOG)]
    const administration = { runners: get(tokens.RUNNERS), clock }
    return {
      runners: administration.runners,
      registerRunner: createRegisterRunner(administration),
      renewRunnerSecret: createRenewRunnerSecret(administration),
      endRunner: createEndRunner({ ...administration, sandboxes: get(tokens.SANDBOXES) }),
      authenticateRunner: createAuthenticateRunner({ runners: get(tokens.CACHED_RUNNERS).runners, clock }),
      runnerTokens: createRunnerTokens({
        findSandbox: (id, now, runnerId) => get(tokens.CACHED_SANDBOXES).findLiveById(id, now, runnerId),
        issuer,
        clock,
        onIssued: (minted, { runner_id, ...record }, facts) =>
          auditLog.write({
            event: 'token_minted',
            ...toMintedTokenFacts(minted, record, facts),
            ...(runner_id !== undefined && { runner_id }),
          }),
      }),
      listAssignments: get(tokens.ASSIGNMENT_LISTS).listAssignments,
      issueSystemToken: createIssueSystemToken({
        issuer,
        rules: get(tokens.CONFIG).systemWorkloads,
        onIssued: (minted, runner, facts) =>
          auditLog.write({ event: 'token_minted', ...toSystemTokenFacts(minted, runner, facts) }),
      }),
    }
  })
}
