import { shapes } from './answer-shapes.ts'
import { BATCH_BYTES, LIST_BYTES, type AskIssuer } from './ask-issuer.ts'
import type { AdminClient } from './issuer-client.ts'
import { pathOf, queryOf } from './paths.ts'
import { assertSameEntries } from './same-entries.ts'

/** The requests about sandboxes. */
export type SandboxRequests = Pick<
  AdminClient,
  | 'registerSandbox'
  | 'registerSandboxes'
  | 'listSandboxes'
  | 'readSandbox'
  | 'changeSandbox'
  | 'endSandbox'
  | 'renewSandboxSecret'
  | 'vouchToken'
>

/** What an admin asks about sandboxes. */
export function createSandboxRequests({ ask, command }: AskIssuer): SandboxRequests {
  return {
    registerSandbox: (registration) =>
      ask({
        operation: 'registerSandbox',
        method: 'POST',
        path: '/v1/sandboxes',
        isRepeatable: false,
        body: registration,
        status: 201,
        shape: shapes.sandboxWithSecret,
      }),

    async registerSandboxes(sandboxes) {
      const operation = 'registerSandboxes'
      const { results } = await ask({
        operation,
        method: 'POST',
        path: '/v1/sandbox-batches',
        isRepeatable: false,
        body: { sandboxes },
        maxAnswerBytes: BATCH_BYTES,
        status: 200,
        shape: shapes.sandboxBatchResult,
      })
      return assertSameEntries(operation, sandboxes, results)
    },

    listSandboxes: async (page = {}) =>
      ask({
        operation: 'listSandboxes',
        method: 'GET',
        path: `/v1/sandboxes${queryOf({ ...page })}`,
        isRepeatable: true,
        maxAnswerBytes: LIST_BYTES,
        status: 200,
        shape: shapes.sandboxPage,
      }),

    readSandbox: async (sandboxId) =>
      ask({
        operation: 'readSandbox',
        method: 'GET',
        path: pathOf('sandbox_id', sandboxId),
        isRepeatable: true,
        status: 200,
        shape: shapes.sandbox,
      }),

    changeSandbox: async (sandboxId, change) =>
      ask({
        operation: 'changeSandbox',
        method: 'PATCH',
        path: pathOf('sandbox_id', sandboxId),
        isRepeatable: false,
        body: change,
        status: 200,
        shape: shapes.sandbox,
      }),

    endSandbox: async (sandboxId) =>
      command({
        operation: 'endSandbox',
        method: 'DELETE',
        path: pathOf('sandbox_id', sandboxId),
        isRepeatable: false,
      }),

    renewSandboxSecret: async (sandboxId, renewal = {}) =>
      ask({
        operation: 'renewSandboxSecret',
        method: 'POST',
        path: `${pathOf('sandbox_id', sandboxId)}/secret`,
        isRepeatable: false,
        body: renewal,
        status: 200,
        shape: shapes.sandboxWithSecret,
      }),

    // Signs and stores nothing: a token that nobody received does no harm.
    vouchToken: (request) =>
      ask({
        operation: 'vouchToken',
        method: 'POST',
        path: '/v1/tokens',
        isRepeatable: true,
        body: request,
        status: 200,
        shape: shapes.mintedToken,
      }),
  }
}
