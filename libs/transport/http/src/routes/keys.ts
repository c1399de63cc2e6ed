import { formerKeys, publishedKeys } from '@workload-identity/core'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { toHistoryView, toKeyView, toPlanView } from '../key-views.ts'
import { keyHistoryOperation, keysOperation, rotationPlanOperation } from '../openapi/key-operations.ts'
import { emptyQuery } from '@workload-identity/api'

/** Adds `GET /v1/keys`, `/v1/keys/plan` and `/v1/keys/history`. A ring is small enough to be one page. */
export function addKeysRoutes(
  app: HttpApp,
  { ring, clock, rotation }: Pick<ControlServerOptions, 'ring' | 'clock' | 'rotation'>,
): void {
  const schema = { querystring: emptyQuery }
  app.get('/v1/keys', { schema, config: { openapi: keysOperation } }, async () => ({
    items: publishedKeys(ring(), clock()).map((key) => toKeyView(key, rotation.sightings?.())),
    next: null,
  }))
  app.get('/v1/keys/plan', { schema, config: { openapi: rotationPlanOperation } }, async () =>
    toPlanView(ring(), rotation, clock()),
  )
  app.get('/v1/keys/history', { schema, config: { openapi: keyHistoryOperation } }, async () => ({
    items: formerKeys(ring()).map(toHistoryView),
    next: null,
  }))
}
