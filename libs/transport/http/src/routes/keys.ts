import { publishedKeys, toPublicJwk, type KeyEntry } from '@workload-identity/core'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { keysOperation } from '../openapi/control-operations.ts'
import { emptyQuery } from '../schemas.ts'

/** Adds `GET /v1/keys`: the published keys with their states. A ring is small enough to be one page. */
export function addKeysRoute(
  app: HttpApp,
  { ring, clock }: Pick<ControlServerOptions, 'ring' | 'clock'>,
): void {
  app.get(
    '/v1/keys',
    { schema: { querystring: emptyQuery }, config: { openapi: keysOperation } },
    async () => ({
      items: publishedKeys(ring(), clock()).map(toKeyView),
      next: null,
    }),
  )
}

/** The facts of a key that may be shown; copied from an allow-list, so that a private half cannot be among them. */
function toKeyView(key: KeyEntry) {
  const { kid, alg, state, origin, created_at, published_at, activated_at, retired_at, remove_at, reason } =
    key
  return {
    kid,
    alg,
    state,
    origin,
    created_at,
    published_at,
    ...(activated_at !== undefined && { activated_at }),
    ...(retired_at !== undefined && { retired_at }),
    ...(remove_at !== undefined && { remove_at }),
    ...(reason !== undefined && { reason }),
    jwk: toPublicJwk(key),
  }
}
