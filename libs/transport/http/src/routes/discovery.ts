import { DISCOVERY_PATH, type Issuer, type PublishedKeys } from '@workload-identity/core'
import { sendCachedDocument, toCachedDocument } from '../cached-document.ts'
import type { HttpApp } from '../create-http-server.ts'
import { discoveryOperation } from '../openapi/public-operations.ts'
import { emptyQuery } from '../schemas.ts'

/** What the discovery document is made from. */
export interface DiscoveryRouteOptions {
  readonly issuer: Pick<Issuer, 'discoveryDocument'>
  readonly publishKeys: () => PublishedKeys
  /** The route pattern of the issuer's own path; `''` when it has none. */
  readonly issuerPath: string
}

/** Adds the OpenID Connect discovery document, which may be kept as long as the keys. */
export function addDiscoveryRoute(app: HttpApp, options: DiscoveryRouteOptions): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: options.issuerPath + DISCOVERY_PATH,
    schema: { querystring: emptyQuery },
    config: { isQuiet: true, openapi: discoveryOperation },
    handler: (request, reply) => {
      const document = toCachedDocument(options.issuer.discoveryDocument(), 'application/json')
      return sendCachedDocument(request, reply, document, options.publishKeys().cache)
    },
  })
}
