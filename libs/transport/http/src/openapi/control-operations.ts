import {
  acceptedRegistryLoss,
  issuerFacts,
  mintedToken,
  sandbox,
  sandboxBatchResult,
  sandboxPage,
  sandboxWithSecret,
} from '@workload-identity/api'
import type { OperationDocs } from './operation.ts'

/** `POST /v1/sandboxes` */
export const registerSandboxOperation: OperationDocs = {
  operationId: 'registerSandbox',
  summary: 'Register a sandbox',
  description:
    'Gives the sandbox a secret, or takes the hash of one that was already handed out. The ID of an ended sandbox may ' +
    'be registered again.',
  caller: 'admin',
  answers: {
    201: {
      description: 'The sandbox is registered, and stays so after a crash.',
      schema: sandboxWithSecret,
      hasLocation: true,
    },
  },
  refusals: [409],
}

/** `POST /v1/sandbox-batches` */
export const registerSandboxBatchOperation: OperationDocs = {
  operationId: 'registerSandboxBatch',
  summary: 'Register up to 1000 sandboxes',
  description:
    'Each for itself: one that is refused does not keep the others out. A request that is malformed anywhere is refused ' +
    'as a whole. When a 503 is answered, some may be registered: ask again, and those are refused as existing.',
  caller: 'admin',
  answers: {
    200: {
      description:
        'What became of each, in the order asked. Those with a secret are registered, and stay so after a crash.',
      schema: sandboxBatchResult,
    },
  },
}

/** `GET /v1/sandboxes` */
export const listSandboxesOperation: OperationDocs = {
  operationId: 'listSandboxes',
  summary: 'List the live sandboxes',
  description: 'In the order of their IDs, a page at a time.',
  caller: 'admin',
  answers: { 200: { description: 'One page.', schema: sandboxPage } },
}

/** `GET /v1/sandboxes/{id}` */
export const getSandboxOperation: OperationDocs = {
  operationId: 'getSandbox',
  summary: 'Show a sandbox',
  description: 'Everything but its secrets.',
  caller: 'admin',
  answers: { 200: { description: 'The sandbox.', schema: sandbox } },
  refusals: [404],
}

/** `PATCH /v1/sandboxes/{id}` */
export const changeSandboxOperation: OperationDocs = {
  operationId: 'changeSandbox',
  summary: 'Change a sandbox',
  description: 'What is not named stays; what is null is taken away.',
  caller: 'admin',
  answers: { 200: { description: 'The sandbox as it is now.', schema: sandbox } },
  refusals: [404, 409],
}

/** `DELETE /v1/sandboxes/{id}` */
export const endSandboxOperation: OperationDocs = {
  operationId: 'endSandbox',
  summary: 'End a sandbox',
  description: 'Its secret is worth nothing from now on; tokens already issued live to their `exp`.',
  caller: 'admin',
  answers: { 204: { description: 'The sandbox is ended. No body.' } },
  refusals: [404],
}

/** `POST /v1/sandboxes/{id}/secret` */
export const renewSecretOperation: OperationDocs = {
  operationId: 'renewSandboxSecret',
  summary: 'Give a sandbox a new secret',
  description:
    'The old secret is dead at once, or after a grace. Without a body there is no grace, and secrets in an earlier one ' +
    'are dead, too; a new grace leaves them to their own end. At most ten are kept, those that end last.',
  caller: 'admin',
  answers: { 200: { description: 'The new secret.', schema: sandboxWithSecret } },
  refusals: [404, 409],
}

/** `POST /v1/tokens` */
export const vouchTokenOperation: OperationDocs = {
  operationId: 'vouchToken',
  summary: 'A token for a sandbox that the admin vouches for',
  description:
    'The sandbox need not be registered. If it is, it must belong to the same app, and its policy applies.',
  caller: 'admin',
  answers: { 200: { description: 'The token.', schema: mintedToken } },
  refusals: [409],
}

/** `POST /v1/registry/accept-loss` */
export const acceptRegistryLossOperation: OperationDocs = {
  operationId: 'acceptRegistryLoss',
  summary: 'Accept that the registry is lost',
  description:
    'While the store holds another registry than the one that belongs to the keys, or none, nobody can tell who is live, ' +
    'and everything that asks it is answered with 503. This lets the registry that is there count, with whatever it ' +
    'holds; on other replicas as soon as they read the keys again. Sandboxes that it does not hold are unknown then ' +
    '(403): register them again, with the hashes of the secrets they already have. Name the registry that is given up, ' +
    'so that a retry cannot accept another loss; a 409 says that there is none, or not that one.',
  caller: 'admin',
  answers: { 200: { description: 'The loss is accepted, for good.', schema: acceptedRegistryLoss } },
  refusals: [409],
}

/** `GET /v1/issuer` */
export const issuerOperation: OperationDocs = {
  operationId: 'getIssuer',
  summary: 'Facts about the issuer',
  description: 'Who issues, where, and under which rules.',
  caller: 'admin or runner',
  answers: { 200: { description: 'The facts.', schema: issuerFacts } },
}
