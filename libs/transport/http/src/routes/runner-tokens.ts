import {
  emptyQuery,
  MAX_RUNNER_BATCH,
  runnerIdentityBatch,
  runnerTokenBatch,
  systemTokenRequest,
} from '@workload-identity/api'
import { createFindClientAddress } from '../client-address.ts'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { describeError } from '../describe-error.ts'
import { outcomeOf, toErrorAnswer } from '../error-mapping.ts'
import { invalidRequest } from '../http-refusal.ts'
import {
  runnerIdentitiesOperation,
  runnerTokensOperation,
  systemTokenOperation,
} from '../openapi/runner-operations.ts'
import { createLimitForRunner } from '../requests-under-way.ts'
import type { RunnerOf } from '../runner-access.ts'

/** What minting for runners needs. */
export type RunnerTokenRouteOptions = Pick<
  ControlServerOptions,
  'runnerTokens' | 'issueSystemToken' | 'onBatchedMint' | 'http'
>

/** A hundred requests with long names and ten long audiences each. */
const BODY_BYTES = 2 * 1024 * 1024

/** Several times what a proxy has under way at once, which is 16; what it gave up waiting for may still be. */
const MOST_UNDER_WAY = 48

/**
 * Adds what runners get signed and told: `POST /v1/runner/tokens`, `POST /v1/runner/identities` and
 * `POST /v1/runner/system-tokens`. Entries of a batch are handled at the same time, each for itself.
 */
export function addRunnerTokenRoutes(
  app: HttpApp,
  { runnerTokens, issueSystemToken, onBatchedMint, http }: RunnerTokenRouteOptions,
  runnerOf: RunnerOf,
): void {
  const findClientAddress = createFindClientAddress(http.trustedProxies)
  const answerEach = createAnswerEach(http)
  const limit = createLimitForRunner(MOST_UNDER_WAY)

  app.post(
    '/v1/runner/tokens',
    {
      bodyLimit: BODY_BYTES,
      schema: { body: runnerTokenBatch, querystring: emptyQuery },
      config: { openapi: runnerTokensOperation },
    },
    async (request) => {
      const runner = runnerOf(request)
      const facts = { request_id: request.id, client_address: findClientAddress(request.raw) }
      const mint = async (order: (typeof request.body.requests)[number]) => {
        const { value, expires_at } = await runnerTokens.issue(runner, order, facts)
        return { value, expires_at }
      }
      return limit(runner.runner_id, () => answerEach(request.body.requests, mint, onBatchedMint))
    },
  )

  app.post(
    '/v1/runner/identities',
    {
      bodyLimit: BODY_BYTES,
      schema: { body: runnerIdentityBatch, querystring: emptyQuery },
      config: { openapi: runnerIdentitiesOperation },
    },
    async (request) => {
      const runner = runnerOf(request)
      const describe = async ({ sandbox_id }: Entry) => {
        const claims = await runnerTokens.describe(runner, sandbox_id)
        return { issuer: claims.iss, subject: claims.sub, claims }
      }
      return limit(runner.runner_id, () => answerEach(request.body.requests, describe))
    },
  )

  app.post(
    '/v1/runner/system-tokens',
    {
      schema: { body: systemTokenRequest, querystring: emptyQuery },
      config: { openapi: systemTokenOperation },
    },
    async (request) => {
      const facts = { request_id: request.id, client_address: findClientAddress(request.raw) }
      const runner = runnerOf(request)
      const issue = () => issueSystemToken(runner, request.body, facts)
      const { value, expires_at } = await limit(runner.runner_id, issue)
      return { value, expires_at }
    },
  )
}

interface Entry {
  readonly sandbox_id: string
}

/** Makes what answers each entry of a batch, in the order asked, with what is done for it or with its error. */
function createAnswerEach({ logger }: RunnerTokenRouteOptions['http']) {
  return async <T extends Entry>(
    entries: readonly T[],
    answer: (entry: T) => Promise<object>,
    onOutcome?: ControlServerOptions['onBatchedMint'],
  ): Promise<{ readonly results: readonly object[] }> => {
    if (entries.length < 1 || entries.length > MAX_RUNNER_BATCH) {
      throw invalidRequest(`a batch has 1 to ${MAX_RUNNER_BATCH} requests, not ${entries.length}`)
    }
    const failures: unknown[] = []
    const answerOne = async (entry: T): Promise<object> => {
      const { sandbox_id } = entry
      try {
        const answered = { sandbox_id, ...(await answer(entry)) }
        onOutcome?.('issued')
        return answered
      } catch (error) {
        onOutcome?.(outcomeOf(error))
        const { status, error: code, description } = toErrorAnswer(error)
        if (status >= 500) failures.push(error)
        return { sandbox_id, error: code, error_description: description }
      }
    }
    const results = await Promise.all(entries.map(answerOne))
    // The answer is a 200; nobody but the operator can do anything about these. One line for all: they fail together.
    if (failures.length > 0) {
      const facts = { failed: failures.length, entries: entries.length, error: describeError(failures[0]) }
      logger.error(facts, 'entries of a batch failed')
    }
    return { results }
  }
}
