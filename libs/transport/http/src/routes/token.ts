import type { SandboxTokens } from '@workload-identity/core'
import { hashBearerToken, parseBearerToken } from '../bearer.ts'
import type { FindClientAddress } from '../client-address.ts'
import type { HttpApp } from '../create-http-server.ts'
import { tokenOperation } from '../openapi/token-operations.ts'
import { parseTtl } from '../query-numbers.ts'
import { tokenQuery } from '@workload-identity/api'

/** Adds `GET /v1/token`: a token for the sandbox whose secret the request carries. */
export function addTokenRoute(
  app: HttpApp,
  sandboxTokens: SandboxTokens,
  findClientAddress: FindClientAddress,
): void {
  app.get(
    '/v1/token',
    {
      schema: { querystring: tokenQuery },
      config: { openapi: tokenOperation },
      onRequest: (request, _reply, next) => {
        parseBearerToken(request.raw)
        next()
      },
    },
    async ({ id, raw, query: { audience, ttl } }) => {
      const options = {
        ...(audience !== undefined && { audience }),
        ...(ttl !== undefined && { ttl: parseTtl(ttl) }),
      }
      const facts = { request_id: id, client_address: findClientAddress(raw) }
      const token = await sandboxTokens.issue(hashBearerToken(parseBearerToken(raw)), options, facts)
      return { value: token.value, expires_at: token.expires_at }
    },
  )
}
