import { DISCOVERY_PATH, type Issuer, type Jwks, type PublishedKeys } from '@workload-identity/core'
import {
  sendDocument,
  toCachedDocument,
  type CachedDocument,
  type CurrentDocument,
} from '../cached-document.ts'
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

/** Adds the OpenID Connect discovery document, which may be kept as long as the keys. An unchanged one is rendered once. */
export function addDiscoveryRoute(app: HttpApp, options: DiscoveryRouteOptions): void {
  const { issuer, publishKeys } = options
  // The document and the set follow from the same ring and change together.
  const rendered = new WeakMap<Jwks, CachedDocument>()
  const current = (): CurrentDocument => {
    const { jwks, cache } = publishKeys()
    const document = rendered.get(jwks) ?? toCachedDocument(issuer.discoveryDocument(), 'application/json')
    rendered.set(jwks, document)
    return { document, cache }
  }
  app.route({
    method: ['GET', 'HEAD'],
    url: options.issuerPath + DISCOVERY_PATH,
    schema: { querystring: emptyQuery },
    config: { isQuiet: true, document: current, openapi: discoveryOperation },
    handler: (request, reply) => sendDocument(request, reply, current()),
  })
}
