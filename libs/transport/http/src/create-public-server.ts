import type { Issuer, IssuerUrl, PublishedKeys } from '@workload-identity/core'
import type { FastifyInstance } from 'fastify'
import { createHttpServer } from './create-http-server.ts'
import type { HttpOptions } from './http-options.ts'
import { createFindClientAddress } from './client-address.ts'
import { createFindRequestedHost, requestedHostFields } from './requested-host.ts'
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
  /** Called when a verifier is given the key set, also when it has it already. */
  readonly onKeysServed?: (verifier: VerifierFacts) => void
  readonly http: HttpOptions
}

/** Who asked for the keys, as he names himself, and from where. */
export interface VerifierFacts {
  readonly userAgent: string
  /** The address of the client, behind trusted proxies. */
  readonly address: string
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
  onKeysServed = () => undefined,
  http,
}: PublicServerOptions): FastifyInstance {
  const issuerPath = toIssuerRoutePath(issuer.issuerUrl)
  const issuerPaths = [...new Set([issuerPath, ...otherIssuerUrls.map(toIssuerRoutePath)])]
  const findAddress = createFindClientAddress(http.trustedProxies)
  const findHost = createFindRequestedHost(http.trustedProxies)
  const aliases = toAliasRoutePaths(jwksAliases, issuerPath)
  return createHttpServer({
    listener: 'public',
    http,
    addRoutes(app) {
      addDiscoveryRoutes(app, {
        ...{ issuer, publishKeys, issuerPaths, vary: requestedHostFields(http.trustedProxies) },
        findIssuerUrl: (request, path) => findIssuerUrl({ host: findHost(request), path }),
      })
      addJwksRoutes(app, {
        ...{ publishKeys, issuerPaths, aliases },
        onServed: (request) =>
          onKeysServed({
            userAgent: request.headers['user-agent'] ?? '',
            // Found when it is looked at: most of the time nobody does.
            get address() {
              return findAddress(request)
            },
          }),
      })
    },
  })
}
