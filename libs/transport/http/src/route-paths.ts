import { DISCOVERY_PATH, JWKS_PATH } from '@workload-identity/core'

/** The path of an issuer URL as a route pattern; `''` when it has none. Its alphabet has nothing that patterns use. */
export function toIssuerRoutePath(issuerUrl: string): string {
  const { pathname } = new URL(issuerUrl)
  return pathname === '/' ? '' : pathname
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
