import type { IncomingMessage } from 'node:http'
import { JWKS_PATH, type Jwks, type PublishedKeys } from '@workload-identity/core'
import {
  sendDocument,
  toCachedDocument,
  type CachedDocument,
  type CurrentDocument,
} from '../cached-document.ts'
import type { HttpApp } from '../create-http-server.ts'
import { jwksOperation } from '../openapi/public-operations.ts'
import { emptyQuery } from '@workload-identity/api'

/** What the JWK set is made from, and where it is. */
export interface JwksRouteOptions {
  readonly publishKeys: () => PublishedKeys
  /** The route patterns of the paths of all its URLs; `''` for one that has none. */
  readonly issuerPaths: readonly string[]
  /** Route patterns of further paths. */
  readonly aliases: readonly string[]
  /** Called for each request that is given the key set, also by 304. */
  readonly onServed: (request: IncomingMessage) => void
}

/** Adds the JWK set (RFC 7517 §5) at its path and at its aliases. Unchanged keys are rendered once. */
export function addJwksRoutes(app: HttpApp, options: JwksRouteOptions): void {
  const { publishKeys, issuerPaths, aliases, onServed } = options
  const rendered = new WeakMap<Jwks, CachedDocument>()
  const render = (jwks: Jwks) => {
    const document = rendered.get(jwks) ?? toCachedDocument(jwks, 'application/jwk-set+json')
    rendered.set(jwks, document)
    return document
  }
  const current = (request: IncomingMessage): CurrentDocument => {
    const { jwks, cache } = publishKeys()
    // HEAD gives no keys.
    if (request.method === 'GET') onServed(request)
    return { document: render(jwks), cache }
  }
  for (const url of new Set([...issuerPaths.map((path) => path + JWKS_PATH), ...aliases])) {
    app.route({
      method: ['GET', 'HEAD'],
      url,
      schema: { querystring: emptyQuery },
      config: { isQuiet: true, document: current, openapi: jwksOperation },
      handler: (request, reply) => sendDocument(request, reply, current(request.raw)),
    })
  }
}
