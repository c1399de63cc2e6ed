import type { SandboxTokens } from '@workload-identity/core'
import { hashBearerToken, parseBearerToken } from '../bearer.ts'
import type { HttpApp } from '../create-http-server.ts'
import { identityOperation } from '../openapi/token-operations.ts'
import { identityQuery } from '@workload-identity/api'

/** Adds `GET /v1/identity`: who the sandbox is, as its tokens would say it. Signs nothing. */
export function addIdentityRoute(app: HttpApp, sandboxTokens: SandboxTokens): void {
  app.get(
    '/v1/identity',
    {
      schema: { querystring: identityQuery },
      config: { openapi: identityOperation },
      onRequest: async (request) => void parseBearerToken(request.raw),
    },
    async ({ raw }) => {
      const claims = await sandboxTokens.describe(hashBearerToken(parseBearerToken(raw)))
      return { issuer: claims.iss, subject: claims.sub, claims }
    },
  )
}
