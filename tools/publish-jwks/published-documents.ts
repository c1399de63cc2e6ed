import { DISCOVERY_PATH, JWKS_PATH, parseIssuerUrl, type IssuerUrl } from '@workload-identity/core'
import { PublishError } from './publish-error.ts'

/** What verifiers read, as it is to be served. */
export interface PublishedDocuments {
  readonly issuerUrl: IssuerUrl
  readonly discovery: string
  readonly jwks: string
  readonly keys: readonly PublishedKey[]
  /** Every key that the ring has, or had; absent when only what is published is known. */
  readonly knownKids?: ReadonlySet<string>
}

interface PublishedKey {
  readonly kid: string
  readonly alg: string
}

const publicMembers: ReadonlySet<string> = new Set(['kty', 'kid', 'use', 'alg', 'n', 'e', 'crv', 'x', 'y'])

/**
 * The two documents, once they are what an issuer serves: they belong together, and nothing in them is private.
 *
 * @throws {PublishError} with the reason, which quotes nothing of a key.
 */
export function readDocuments(discovery: string, jwks: string): PublishedDocuments {
  const issuer = memberOf(parseJson(discovery, 'the discovery document'), 'issuer')
  const issuerUrl = parseIssuer(issuer)
  if (memberOf(parseJson(discovery, 'the discovery document'), 'jwks_uri') !== issuerUrl + JWKS_PATH) {
    throw new PublishError(`the \`jwks_uri\` of the discovery document is not ${issuerUrl}${JWKS_PATH}`)
  }
  const keys = memberOf(parseJson(jwks, 'the JWK set'), 'keys')
  if (!Array.isArray(keys) || keys.length === 0) throw new PublishError('the JWK set has no keys')
  return { issuerUrl, discovery, jwks, keys: keys.map(readKey) }
}

/**
 * Fetches both documents from an issuer. Its own `jwks_uri` is not followed: it may be the copy that is to be replaced.
 *
 * @param from the issuer URL, or the address of the public listener with the path of the issuer URL.
 * @throws {PublishError} when it does not give them.
 */
export async function fetchDocuments(from: string): Promise<PublishedDocuments> {
  const base = from.replace(/\/$/, '')
  return readDocuments(await fetchText(base + DISCOVERY_PATH), await fetchText(base + JWKS_PATH))
}

async function fetchText(url: string): Promise<string> {
  try {
    // Somebody who asks for the copy to be made must not get the copy.
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(10_000) })
    const text = await response.text()
    if (response.status === 200) return text
    throw new PublishError(`${url} answered ${response.status}`)
  } catch (cause) {
    if (cause instanceof PublishError) throw cause
    throw new PublishError(`${url} cannot be fetched (${reasonOf(cause)})`, { cause })
  }
}

/** `fetch` itself says only that it failed; the reason is the innermost cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  if (error.cause instanceof Error) return reasonOf(error.cause)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

function parseIssuer(issuer: unknown): IssuerUrl {
  try {
    return parseIssuerUrl(issuer as string)
  } catch (cause) {
    throw new PublishError('the discovery document has no issuer URL in canonical form', { cause })
  }
}

function readKey(key: unknown): PublishedKey {
  if (typeof key !== 'object' || key === null) throw new PublishError('a key of the JWK set is no object')
  const extra = Object.keys(key).find((name) => !publicMembers.has(name))
  if (extra !== undefined) {
    throw new PublishError(`a key of the JWK set has the member \`${extra}\`, which is not published`)
  }
  const [kid, alg] = [memberOf(key, 'kid'), memberOf(key, 'alg')]
  if (typeof kid === 'string' && typeof alg === 'string') return { kid, alg }
  throw new PublishError('a key of the JWK set has no `kid` or `alg`')
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The cause would quote the text.
    throw new PublishError(`${name} is not JSON`)
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
