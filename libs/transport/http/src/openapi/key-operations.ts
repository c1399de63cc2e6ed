import { keyHistory, keyPage, revokedKey, rotatedKeys, rotationPlan } from '@workload-identity/api'
import type { OperationDocs } from './operation.ts'

/** `GET /v1/keys` */
export const keysOperation: OperationDocs = {
  operationId: 'listKeys',
  summary: 'List the published keys',
  description: 'The public halves with their states. All of them are one page.',
  caller: 'admin',
  answers: { 200: { description: 'The keys.', schema: keyPage } },
}

/** `GET /v1/keys/plan` */
export const rotationPlanOperation: OperationDocs = {
  operationId: 'planRotation',
  summary: 'Show what happens to the keys next',
  description:
    'Every date with what it follows from, and the rules of the rotation policy with their numbers, all of which hold.',
  caller: 'admin',
  answers: { 200: { description: 'The plan.', schema: rotationPlan } },
}

/** `GET /v1/keys/history` */
export const keyHistoryOperation: OperationDocs = {
  operationId: 'listKeyHistory',
  summary: 'List the keys that sign no more',
  description:
    'The last one first, with the time in which each signed, to judge a token that is found in an old log: retired, ' +
    'removed when their time was over, or revoked. All of them are one page.',
  caller: 'admin',
  answers: { 200: { description: 'The keys.', schema: keyHistory } },
}

/** `POST /v1/keys/rotate` */
export const rotateKeysOperation: OperationDocs = {
  operationId: 'rotateKeys',
  summary: 'Rotate by hand',
  description:
    'Publishes the next key when there is none; lets it sign once it was published for `publish_ahead`; tells when that ' +
    'will be until then. With `force` the next key signs at once, and verifiers may refuse its tokens until the moment ' +
    'the answer names. Name the key that signs now in `expected_active_kid`, so that a retry cannot rotate twice.',
  caller: 'admin',
  answers: { 200: { description: 'What became of it; saved before it is said.', schema: rotatedKeys } },
  refusals: [409],
}

/** `POST /v1/keys/{kid}/revoke` */
export const revokeKeyOperation: OperationDocs = {
  operationId: 'revokeKey',
  summary: 'Revoke a key',
  description:
    'For a key that leaked. It leaves the key set at once, on other replicas as soon as they read the ring, and never ' +
    'comes back. When it is the active one, the next key signs from now on, or a new one when none waits. Verifiers ' +
    'that cached the key set may accept the key until the moment the answer names.',
  caller: 'admin',
  answers: { 200: { description: 'The key is revoked.', schema: revokedKey } },
  refusals: [404, 409],
}

/** `DELETE /v1/keys/{kid}` */
export const removeKeyOperation: OperationDocs = {
  operationId: 'removeKey',
  summary: 'Remove a retired key',
  description:
    'Before its time, or a key of an adopted cluster, which has none. While tokens of it may be alive that is refused ' +
    'unless forced. A key that signs or waits is not removed: rotate, or revoke it.',
  caller: 'admin',
  answers: { 204: { description: 'The key is removed. No body.' } },
  refusals: [404, 409],
}
