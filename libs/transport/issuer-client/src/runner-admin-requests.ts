import { shapes } from './answer-shapes.ts'
import { LIST_BYTES, type AskIssuer } from './ask-issuer.ts'
import type { AdminClient } from './issuer-client.ts'
import { pathOf, queryOf } from './paths.ts'

/** The requests about runners. */
export type RunnerAdminRequests = Pick<
  AdminClient,
  'registerRunner' | 'listRunners' | 'renewRunnerSecret' | 'endRunner'
>

/** What an admin asks about runners. */
export function createRunnerAdminRequests({ ask, command }: AskIssuer): RunnerAdminRequests {
  return {
    registerRunner: (registration) =>
      ask({
        operation: 'registerRunner',
        method: 'POST',
        path: '/v1/runners',
        isRepeatable: false,
        body: registration,
        status: 201,
        shape: shapes.runnerWithSecret,
      }),

    listRunners: async (page = {}) =>
      ask({
        operation: 'listRunners',
        method: 'GET',
        path: `/v1/runners${queryOf({ ...page })}`,
        isRepeatable: true,
        maxAnswerBytes: LIST_BYTES,
        status: 200,
        shape: shapes.runnerPage,
      }),

    renewRunnerSecret: async (runnerId, renewal = {}) =>
      ask({
        operation: 'renewRunnerSecret',
        method: 'POST',
        path: `${pathOf('runner_id', runnerId)}/secret`,
        isRepeatable: false,
        body: renewal,
        status: 200,
        shape: shapes.runnerWithSecret,
      }),

    endRunner: async (runnerId, { sandboxes } = {}) =>
      command({
        operation: 'endRunner',
        method: 'DELETE',
        path: `${pathOf('runner_id', runnerId)}${queryOf({ sandboxes })}`,
        isRepeatable: false,
      }),
  }
}
