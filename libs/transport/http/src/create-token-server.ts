import type { SandboxTokens } from '@workload-identity/core'
import type { FastifyInstance } from 'fastify'
import type { HttpOptions } from './http-options.ts'

/** What the token server serves: the same on an issuer and on a runner proxy. */
export interface TokenServerOptions {
  readonly sandboxTokens: SandboxTokens
  readonly http: HttpOptions
}

export declare function createTokenServer(options: TokenServerOptions): FastifyInstance
