import { IssuerError } from './errors.ts'

declare const kind: unique symbol

/** An issuer's URL in canonical form: the `iss` of every token, compared by verifiers character by character. */
export type IssuerUrl = string & { readonly [kind]: 'IssuerUrl' }

/** The longest issuer URL, in characters. */
export const MAX_ISSUER_URL_LENGTH = 1000

/** Where an issuer's URL can come from; the first source that is there decides. */
export interface IssuerUrlSources {
  /** An explicit setting. */
  readonly explicit?: string
  /** The host name from the cluster's registration. */
  readonly registrationHostname?: string
  /** The names of the TLS certificate; the first one counts. */
  readonly tlsNames?: readonly string[]
}

/** An issuer URL and the source that decided it. */
export interface ResolvedIssuerUrl {
  readonly issuerUrl: IssuerUrl
  readonly source: 'explicit' | 'registration' | 'tls-name'
}

/**
 * The text as an issuer URL: https without userinfo, query or fragment (http for loopback hosts only), lower-case host,
 * no default port, no trailing slash, no dot segments; a path has the characters of identifiers and nothing encoded.
 *
 * @throws {IssuerError} `ERR_ISSUER_URL_INVALID` with the reason, and the canonical form where there is one. Never
 * repaired: what is pinned in a cloud's configuration must be what was written here.
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata OpenID Connect Discovery 1.0 §3}
 */
export function parseIssuerUrl(text: string): IssuerUrl {
  if (typeof text !== 'string') throw invalid('is not a string')
  if (text.length > MAX_ISSUER_URL_LENGTH) throw invalid(`is longer than ${MAX_ISSUER_URL_LENGTH} characters`)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined) throw invalid(`is not an absolute URL: ${quote(text)}`)
  if (url.username !== '' || url.password !== '') throw invalid('must not have userinfo')
  if (text.includes('?')) throw invalid('must not have a query')
  if (text.includes('#')) throw invalid('must not have a fragment')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopbackHost(url.hostname))) {
    throw invalid(`must be https (http is for loopback hosts only): ${quote(text)}`)
  }
  if (url.hostname.endsWith('.')) throw invalid('must not have a dot at the end of its host')
  if (!isPlainHost(url.hostname)) throw invalid(`must have a plain host name: ${quote(text)}`)
  if (url.pathname.includes('//')) throw invalid('must not have an empty path segment')
  const canonical = url.origin + (url.pathname === '/' ? '' : url.pathname.replace(/\/$/, ''))
  if (canonical !== text)
    throw invalid(`is not in canonical form: ${quote(text)} must be ${quote(canonical)}`)
  if (!plainPath.test(url.pathname)) {
    throw invalid('must have a path of A-Z a-z 0-9 . _ @ + = ~ - and slashes only')
  }
  return text as IssuerUrl
}

/**
 * The issuer URL in this order: explicit setting, host name of the registration, first TLS name. A source that is there
 * but wrong is refused; the next one is not tried.
 *
 * @throws {IssuerError} `ERR_ISSUER_URL_UNRESOLVED` when there is no source; `ERR_ISSUER_URL_INVALID` as
 * {@link parseIssuerUrl}.
 */
export function resolveIssuerUrl(sources: IssuerUrlSources): ResolvedIssuerUrl {
  if (sources.explicit !== undefined) {
    return { issuerUrl: parseIssuerUrl(sources.explicit), source: 'explicit' }
  }
  if (sources.registrationHostname !== undefined) {
    return { issuerUrl: fromHostname(sources.registrationHostname), source: 'registration' }
  }
  const [firstName] = sources.tlsNames ?? []
  if (firstName !== undefined) return { issuerUrl: fromHostname(firstName), source: 'tls-name' }
  throw new IssuerError(
    'ERR_ISSUER_URL_UNRESOLVED',
    'the issuer URL is not known: set it, or give a registration with a hostname, or a TLS name',
  )
}

/** Whether a host (as in a URL, IPv6 in brackets) is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

// `new URL` lets a wildcard and quotes pass in a host, and anything percent-encoded in a path. They would widen or break
// a generated policy, and a server that decodes the path would no longer serve what is written here.
const plainPath = /^[A-Za-z0-9._/@+=~-]*$/

function isPlainHost(hostname: string): boolean {
  return hostname.startsWith('[') || /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(hostname)
}

function fromHostname(hostname: string): IssuerUrl {
  if (/[:/@?#\\*\s]/.test(hostname)) throw invalid(`cannot be made of the host name ${quote(hostname)}`)
  return parseIssuerUrl(`https://${hostname}`)
}

function invalid(reason: string): IssuerError {
  return new IssuerError('ERR_ISSUER_URL_INVALID', `the issuer URL ${reason}`)
}

function quote(text: string): string {
  const withoutUserinfo = text.replace(/\/\/.*@/s, '//…@')
  return JSON.stringify(withoutUserinfo.length > 200 ? `${withoutUserinfo.slice(0, 200)}…` : withoutUserinfo)
}
