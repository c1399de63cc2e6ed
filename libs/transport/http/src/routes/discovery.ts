import type { IncomingMessage } from 'node:http'
import {
  DISCOVERY_PATH,
  type Issuer,
  type IssuerUrl,
  type Jwks,
  type PublishedKeys,
} from '@workload-identity/core'
import {
  sendDocument,
  toCachedDocument,
  type CachedDocument,
  type CurrentDocument,
} from '../cached-document.ts'
import type { HttpApp } from '../create-http-server.ts'
import { discoveryOperation } from '../openapi/public-operations.ts'
import { emptyQuery } from '@workload-identity/api'

/** What the discovery document is made from. */
export interface DiscoveryRouteOptions {
  readonly issuer: Pick<Issuer, 'discoveryDocument'>
  readonly publishKeys: () => PublishedKeys
  /** The route patterns of the paths of all its URLs; `''` for one that has none. */
  readonly issuerPaths: readonly string[]
  /** The URL of the issuer that a request is meant for. */
  readonly findIssuerUrl: (request: IncomingMessage, issuerPath: string) => IssuerUrl
  /** The request fields that decide it, for caches. */
  readonly vary: string
}

/**
 * Adds the OpenID Connect discovery document below each path of the issuer's URLs; it may be kept as long as the keys. An
 * unchanged one is rendered once for each URL.
 */
export function addDiscoveryRoutes(app: HttpApp, options: DiscoveryRouteOptions): void {
  const { issuer, publishKeys, findIssuerUrl, vary } = options
  // The document and the set follow from the same ring and change together.
  const rendered = new WeakMap<Jwks, Map<IssuerUrl, CachedDocument>>()
  const render = (jwks: Jwks, url: IssuerUrl): CachedDocument => {
    const ofSet = rendered.get(jwks) ?? new Map<IssuerUrl, CachedDocument>()
    const document = ofSet.get(url) ?? toCachedDocument(issuer.discoveryDocument(url), 'application/json')
    rendered.set(jwks, ofSet.set(url, document))
    return document
  }
  for (const issuerPath of options.issuerPaths) {
    const current = (request: IncomingMessage): CurrentDocument => {
      const { jwks, cache } = publishKeys()
      return { document: render(jwks, findIssuerUrl(request, issuerPath)), cache, vary }
    }
    app.route({
      method: ['GET', 'HEAD'],
      url: issuerPath + DISCOVERY_PATH,
      schema: { querystring: emptyQuery },
      config: { isQuiet: true, document: current, openapi: discoveryOperation },
      handler: (request, reply) => sendDocument(request, reply, current(request.raw)),
    })
  }
}
