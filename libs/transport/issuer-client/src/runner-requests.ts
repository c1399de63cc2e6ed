import { shapes } from './answer-shapes.ts'
import { BATCH_BYTES, LIST_BYTES, type AskIssuer } from './ask-issuer.ts'
import type { RunnerClient } from './issuer-client.ts'
import { assertSameEntries } from './same-entries.ts'
import { notTheApi } from './unavailable.ts'

/** What a runner asks. None of it changes anything, so all of it may be asked twice. */
export function createRunnerRequests({ ask, askIfChanged }: AskIssuer): RunnerClient {
  return {
    async mintTokens(requests) {
      const operation = 'mintTokens'
      const { results } = await ask({
        operation,
        method: 'POST',
        path: '/v1/runner/tokens',
        isRepeatable: true,
        body: { requests },
        maxAnswerBytes: BATCH_BYTES,
        status: 200,
        shape: shapes.runnerTokenResults,
      })
      return assertSameEntries(operation, requests, results)
    },

    async describeSandboxes(sandboxIds) {
      const operation = 'describeSandboxes'
      const requests = sandboxIds.map((sandbox_id) => ({ sandbox_id }))
      const { results } = await ask({
        operation,
        method: 'POST',
        path: '/v1/runner/identities',
        isRepeatable: true,
        body: { requests },
        maxAnswerBytes: BATCH_BYTES,
        status: 200,
        shape: shapes.runnerIdentityResults,
      })
      return assertSameEntries(operation, requests, results)
    },

    async listAssignments(known, { isFresh = false } = {}) {
      const operation = 'listAssignments'
      const answer = await askIfChanged({
        operation,
        method: 'GET',
        path: '/v1/runner/sandboxes',
        isRepeatable: true,
        headers: {
          ...(known !== undefined && { 'if-none-match': known }),
          ...(isFresh && { 'cache-control': 'no-cache' }),
        },
        maxAnswerBytes: LIST_BYTES,
        status: 200,
        shape: shapes.assignmentList,
      })
      if (answer === undefined) return 'not-modified'
      const { etag } = answer.headers
      if (typeof etag === 'string') return { etag, list: answer.value }
      throw notTheApi('its list of assignments has no ETag', { operation })
    },

    mintSystemToken: (request) =>
      ask({
        operation: 'mintSystemToken',
        method: 'POST',
        path: '/v1/runner/system-tokens',
        isRepeatable: true,
        body: request,
        status: 200,
        shape: shapes.mintedToken,
      }),

    readIssuer: () =>
      ask({
        operation: 'readIssuer',
        method: 'GET',
        path: '/v1/issuer',
        isRepeatable: true,
        status: 200,
        shape: shapes.issuerFacts,
      }),
  }
}
