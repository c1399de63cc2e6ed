import {
  assignmentList,
  mintedToken,
  runner,
  runnerIdentityResults,
  runnerPage,
  runnerTokenResults,
  runnerWithSecret,
} from '@workload-identity/api'
import type { OperationDocs } from './operation.ts'

/** `POST /v1/runners` */
export const registerRunnerOperation: OperationDocs = {
  operationId: 'registerRunner',
  summary: 'Register a runner',
  description:
    'Gives the runner a secret. Sandboxes can be assigned to it from then on. A runner that shows a client certificate ' +
    'needs no secret: forget it then.',
  caller: 'admin',
  answers: {
    201: {
      description: 'The runner is registered, and stays so after a crash.',
      schema: runnerWithSecret,
      hasLocation: true,
    },
  },
  refusals: [409],
}

/** `GET /v1/runners` */
export const listRunnersOperation: OperationDocs = {
  operationId: 'listRunners',
  summary: 'List the runners',
  description: 'In the order of their IDs, a page at a time.',
  caller: 'admin',
  answers: { 200: { description: 'One page.', schema: runnerPage } },
}

/** `GET /v1/runners/{id}` */
export const getRunnerOperation: OperationDocs = {
  operationId: 'getRunner',
  summary: 'Show a runner',
  description: 'Everything but its secrets.',
  caller: 'admin',
  answers: { 200: { description: 'The runner.', schema: runner } },
  refusals: [404],
}

/** `POST /v1/runners/{id}/secret` */
export const renewRunnerSecretOperation: OperationDocs = {
  operationId: 'renewRunnerSecret',
  summary: 'Give a runner a new secret',
  description:
    'The old secret is dead at once, or after a grace. Without a body there is no grace, and secrets in an earlier one ' +
    'are dead, too. Of no effect on client certificates.',
  caller: 'admin',
  answers: { 200: { description: 'The new secret.', schema: runnerWithSecret } },
  refusals: [404, 409],
}

/** `DELETE /v1/runners/{id}` */
export const endRunnerOperation: OperationDocs = {
  operationId: 'endRunner',
  summary: 'End a runner',
  description:
    'Its secret and its certificates are worth nothing from now on. While sandboxes are assigned to it that is refused, ' +
    'unless they are to end with it; when that is interrupted, ask again.',
  caller: 'admin',
  answers: { 204: { description: 'The runner is ended. No body.' } },
  refusals: [404, 409],
}

/** `POST /v1/runner/tokens` */
export const runnerTokensOperation: OperationDocs = {
  operationId: 'mintRunnerTokens',
  summary: 'Tokens for sandboxes of the runner that asks',
  description:
    'A token or an error for each request, in the order asked: one that is refused does not keep the others out. Claims ' +
    'follow from what the issuer knows of the sandbox, which must be live and assigned to the runner. A request that is ' +
    'malformed anywhere is refused as a whole.',
  caller: 'runner',
  answers: { 200: { description: 'What became of each.', schema: runnerTokenResults } },
  refusals: [429],
}

/** `POST /v1/runner/identities` */
export const runnerIdentitiesOperation: OperationDocs = {
  operationId: 'describeRunnerSandboxes',
  summary: 'Who sandboxes of the runner that asks are',
  description: 'What a token of each would say, or an error, in the order asked. Signs nothing.',
  caller: 'runner',
  answers: { 200: { description: 'Who each is.', schema: runnerIdentityResults } },
  refusals: [429],
}

/** `GET /v1/runner/sandboxes` */
export const runnerSandboxesOperation: OperationDocs = {
  operationId: 'listRunnerSandboxes',
  summary: 'The sandboxes of the runner that asks',
  description:
    'All of them with the hashes of their secrets, and those that ended lately, under one `ETag`: ask again with ' +
    '`If-None-Match` every few seconds. What another replica changed may be missing for some seconds; ' +
    'with `Cache-Control: no-cache` (RFC 9111 §5.2.1.4) it is read anew.',
  caller: 'runner',
  answers: {
    200: { description: 'The assignments.', schema: assignmentList, hasEntityTag: true },
    304: { description: 'Nothing has changed. No body.', hasEntityTag: true },
  },
}

/** `POST /v1/runner/system-tokens` */
export const systemTokenOperation: OperationDocs = {
  operationId: 'mintSystemToken',
  summary: 'A token of a system workload',
  description:
    'For parts of the platform itself, as the issuer is configured: which there are, with which audiences, and for which ' +
    'runners. Its `identity_type` is `system`; no sandbox ever gets such a token.',
  caller: 'runner',
  answers: { 200: { description: 'The token.', schema: mintedToken } },
  refusals: [429],
}
