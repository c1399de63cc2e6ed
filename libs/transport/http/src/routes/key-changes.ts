import type { Audited } from '../admin-access.ts'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { invalidRequest } from '../http-refusal.ts'
import { removeKeyOperation, revokeKeyOperation, rotateKeysOperation } from '../openapi/key-operations.ts'
import { emptyQuery, keyPath, keyRemoval, keyRevocation, keyRotation } from '@workload-identity/api'

/** What changing keys needs. */
export type KeyChangeRouteOptions = Pick<ControlServerOptions, 'rotateByHand' | 'revokeKey' | 'removeKey'>

const MAX_REASON_LENGTH = 200

/** Adds what an admin may do with keys: `POST /v1/keys/rotate`, `POST /v1/keys/{kid}/revoke`, `DELETE /v1/keys/{kid}`. */
export function addKeyChangeRoutes(
  app: HttpApp,
  { rotateByHand, revokeKey, removeKey }: KeyChangeRouteOptions,
  audited: Audited,
): void {
  app.post(
    '/v1/keys/rotate',
    {
      schema: { body: keyRotation, querystring: emptyQuery },
      config: { action: 'keys.rotate', isBodyOptional: true, openapi: rotateKeysOperation },
    },
    async (request) =>
      audited(
        request,
        'keys.rotate',
        {},
        () => rotateByHand(request.body),
        ({ active_kid, next_kid }) => ({ active_kid, ...(next_kid !== undefined && { next_kid }) }),
      ),
  )

  app.post(
    '/v1/keys/:kid/revoke',
    {
      schema: { params: keyPath, body: keyRevocation, querystring: emptyQuery },
      config: { action: 'keys.revoke', isBodyOptional: true, openapi: revokeKeyOperation },
    },
    async (request) => {
      const { kid } = request.params
      const { reason } = request.body
      assertReason(reason)
      return audited(
        request,
        'keys.revoke',
        { kid },
        () => revokeKey({ kid, ...(reason !== undefined && { reason }) }),
        ({ active_kid }) => ({ active_kid }),
      )
    },
  )

  app.delete(
    '/v1/keys/:kid',
    {
      schema: { params: keyPath, querystring: keyRemoval },
      config: { action: 'keys.remove', openapi: removeKeyOperation },
    },
    async (request, reply) => {
      const { kid } = request.params
      const remove = () => removeKey({ kid, force: request.query.force === 'true' })
      await audited(request, 'keys.remove', { kid }, remove)
      return reply.code(204).send()
    },
  )
}

/** It stays in the key ring for good, where every replica and every admin reads it. */
function assertReason(reason: string | undefined): void {
  if (reason === undefined) return
  const isPlain = /^\P{Cc}+$/u.test(reason)
  if (isPlain && reason.length <= MAX_REASON_LENGTH) return
  throw invalidRequest(`the reason must be 1–${MAX_REASON_LENGTH} characters without control characters`)
}
