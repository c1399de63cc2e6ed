import type { Issuer, PublishedKeys } from '@workload-identity/core'
import type { FastifyInstance } from 'fastify'
import { createHttpServer } from './create-http-server.ts'
import type { HttpOptions } from './http-options.ts'
import { toAliasRoutePaths, toIssuerRoutePath } from './route-paths.ts'
import { addDiscoveryRoute } from './routes/discovery.ts'
import { addJwksRoutes } from './routes/jwks.ts'

/** What the public server serves. */
export interface PublicServerOptions {
  readonly issuer: Pick<Issuer, 'issuerUrl' | 'discoveryDocument'>
  /** The JWK set to serve now; asked at every request. */
  readonly publishKeys: () => PublishedKeys
  /** Further paths of the JWK set, absolute and as they are (the issuer's path is not put before them). */
  readonly jwksAliases: readonly string[]
  readonly http: HttpOptions
}

/**
 * Makes the public server: discovery document and JWK set, for whoever asks. Does not listen yet.
 *
 * @throws {RangeError} for an alias that cannot be served.
 */
export function createPublicServer({
  issuer,
  publishKeys,
  jwksAliases,
  http,
}: PublicServerOptions): FastifyInstance {
  const issuerPath = toIssuerRoutePath(issuer.issuerUrl)
  const aliases = toAliasRoutePaths(jwksAliases, issuerPath)
  return createHttpServer({
    listener: 'public',
    http,
    addRoutes(app) {
      addDiscoveryRoute(app, { issuer, publishKeys, issuerPath })
      addJwksRoutes(app, { publishKeys, issuerPath, aliases })
    },
  })
}
