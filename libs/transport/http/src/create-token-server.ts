import type { SandboxTokens } from '@workload-identity/core'
import type { FastifyInstance } from 'fastify'
import { createFindClientAddress } from './client-address.ts'
import { createHttpServer } from './create-http-server.ts'
import type { HttpOptions } from './http-options.ts'
import { addIdentityRoute } from './routes/identity.ts'
import { addTokenRoute } from './routes/token.ts'

/** What the token server serves: the same on an issuer and on a runner proxy. */
export interface TokenServerOptions {
  readonly sandboxTokens: SandboxTokens
  readonly http: HttpOptions
}

/** Makes the token server: tokens and identities for sandboxes that show their secret. Does not listen yet. */
export function createTokenServer({ sandboxTokens, http }: TokenServerOptions): FastifyInstance {
  return createHttpServer({
    listener: 'token',
    http,
    addRoutes(app) {
      addTokenRoute(app, sandboxTokens, createFindClientAddress(http.trustedProxies))
      addIdentityRoute(app, sandboxTokens)
    },
  })
}
