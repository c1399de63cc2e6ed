import { DISCOVERY_PATH, JWKS_PATH } from '@workload-identity/core'

/**
 * The path of an issuer URL as a route pattern; `''` when it has none.
 *
 * @throws {RangeError} for a path that the router would take for a pattern.
 */
export function toIssuerRoutePath(issuerUrl: string): string {
  const { pathname } = new URL(issuerUrl)
  return pathname === '/' ? '' : toRoutePattern(pathname)
}

/**
 * Further paths of the JWK set as route patterns.
 *
 * @throws {RangeError} for one that is not an absolute path of plain segments, or that is the discovery document's.
 */
export function toAliasRoutePaths(aliases: readonly string[], issuerPath: string): readonly string[] {
  return aliases
    .filter((alias) => alias !== issuerPath + JWKS_PATH)
    .map((alias) => {
      if (!/^(?:\/[A-Za-z0-9._~@+=-]+)+$/.test(alias) || alias === issuerPath + DISCOVERY_PATH) {
        throw new RangeError(`not a path for the JWK set: ${alias}`)
      }
      return alias
    })
}

/** The router compares with decoded paths and gives `:` and `*` a meaning; only `:` can be escaped. */
function toRoutePattern(pathname: string): string {
  if (pathname.includes('*'))
    throw new RangeError(`the path of the issuer URL must not have a "*": ${pathname}`)
  return decodeURI(pathname).replaceAll(':', '::')
}
