import { identity, mintedToken } from '@workload-identity/api'
import type { OperationDocs } from './operation.ts'

/** `GET /v1/token` */
export const tokenOperation: OperationDocs = {
  operationId: 'getToken',
  summary: 'A token for the sandbox that asks',
  description:
    'The claims follow from what the issuer knows of the sandbox whose secret the request carries. A lifetime outside ' +
    'the allowed range is clamped; the answer says when the token expires.',
  caller: 'sandbox',
  answers: { 200: { description: 'The token.', schema: mintedToken } },
}

/** `GET /v1/identity` */
export const identityOperation: OperationDocs = {
  operationId: 'getIdentity',
  summary: 'Who the sandbox is',
  description: 'What a token of the sandbox would say. Signs nothing.',
  caller: 'sandbox',
  answers: { 200: { description: 'Issuer, subject and the claims without times.', schema: identity } },
}
