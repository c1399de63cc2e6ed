import { SettingValueError } from '@workload-identity/settings'

/**
 * The text as a path at which the JWKS is served as well: absolute, of `A–Z a–z 0–9 . _ ~ -` and slashes, without empty
 * or dot segments (so also without a slash at its end).
 *
 * @throws {SettingValueError} for anything else: a colon or asterisk would be a pattern for the router.
 */
export function parseJwksAlias(text: string): string {
  const segments = text.split('/').slice(1)
  const isPath = text.startsWith('/') && segments.every((segment) => /^(?!\.{1,2}$)[\w.~-]+$/.test(segment))
  if (isPath) return text
  throw new SettingValueError(
    'must be an absolute path such as /.well-known/other/jwks: letters, digits, . _ ~ - and single slashes, none at its end',
  )
}
