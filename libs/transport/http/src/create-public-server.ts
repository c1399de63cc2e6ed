import type { Issuer, PublishedKeys } from '@workload-identity/core'
import type { FastifyInstance } from 'fastify'
import type { HttpOptions } from './http-options.ts'

/** What the public server serves. */
export interface PublicServerOptions {
  readonly issuer: Pick<Issuer, 'issuerUrl' | 'discoveryDocument'>
  /** The JWK set to serve now; asked at every request. */
  readonly publishKeys: () => PublishedKeys
  /** Further paths of the JWK set, absolute and as they are (the issuer's path is not put before them). */
  readonly jwksAliases: readonly string[]
  readonly http: HttpOptions
}

export declare function createPublicServer(options: PublicServerOptions): FastifyInstance
