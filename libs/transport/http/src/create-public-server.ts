import type { Issuer, IssuerUrl, PublishedKeys } from '@workload-identity/core'
import type { FastifyInstance } from 'fastify'
import { createHttpServer } from './create-http-server.ts'
import type { HttpOptions } from './http-options.ts'
import { createFindRequestedHost } from './requested-host.ts'
import { toAliasRoutePaths, toIssuerRoutePath } from './route-paths.ts'
import { addDiscoveryRoutes } from './routes/discovery.ts'
import { addJwksRoutes } from './routes/jwks.ts'

/** What the public server serves. */
export interface PublicServerOptions {
  readonly issuer: Pick<Issuer, 'issuerUrl' | 'discoveryDocument'>
  /** The JWK set to serve now; asked at every request. */
  readonly publishKeys: () => PublishedKeys
  /** Further paths of the JWK set, absolute and as they are (the issuer's path is not put before them). */
  readonly jwksAliases: readonly string[]
  /** The other URLs under which the issuer is served now, announced or earlier; none unless given. */
  readonly otherIssuerUrls?: readonly IssuerUrl[]
  /** The URL that a request is meant for, by its host and by the path of the issuer; always the current one unless given. */
  readonly findIssuerUrl?: (request: {
    readonly host: string | undefined
    readonly path: string
  }) => IssuerUrl
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
  otherIssuerUrls = [],
  findIssuerUrl = () => issuer.issuerUrl,
  http,
}: PublicServerOptions): FastifyInstance {
  const issuerPath = toIssuerRoutePath(issuer.issuerUrl)
  const issuerPaths = [...new Set([issuerPath, ...otherIssuerUrls.map(toIssuerRoutePath)])]
  const findHost = createFindRequestedHost(http.trustedProxies)
  const aliases = toAliasRoutePaths(jwksAliases, issuerPath)
  return createHttpServer({
    listener: 'public',
    http,
    addRoutes(app) {
      addDiscoveryRoutes(app, {
        ...{ issuer, publishKeys, issuerPaths },
        findIssuerUrl: (request, path) => findIssuerUrl({ host: findHost(request), path }),
      })
      addJwksRoutes(app, { publishKeys, issuerPaths, aliases })
    },
  })
}
