import { DISCOVERY_PATH, JWKS_PATH } from '@workload-identity/core'

/** What verifiers find where the copy is. */
export interface PublishedCopyReading {
  /** The issuer that its discovery document names. */
  readonly issuer: unknown
  /** The IDs of its keys. */
  readonly kids: ReadonlySet<unknown>
}

const TIMEOUT_MS = 10_000

/**
 * Reads the copy of discovery document and JWK set below a URL, past caches on the way.
 *
 * @throws {Error} with a sentence that says what is wrong with it; the cause is kept.
 */
export async function fetchPublishedCopy(url: string): Promise<PublishedCopyReading> {
  const discovery = await fetchObject(url + DISCOVERY_PATH)
  const { keys } = await fetchObject(url + JWKS_PATH)
  if (!Array.isArray(keys)) throw new Error(`${url}${JWKS_PATH} is no JWK set`)
  return { issuer: discovery['issuer'], kids: new Set(keys.map(readKeyId)) }
}

function readKeyId(key: unknown): unknown {
  return typeof key === 'object' && key !== null ? Reflect.get(key, 'kid') : undefined
}

async function fetchObject(url: string): Promise<Readonly<Record<string, unknown>>> {
  let response: Response
  let text: string
  try {
    response = await fetch(url, {
      headers: { 'cache-control': 'no-cache' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    text = await response.text()
  } catch (cause) {
    throw new Error(`${url} cannot be fetched`, { cause })
  }
  if (response.status !== 200) throw new Error(`${url} answers ${response.status}`)
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  } catch {
    // Told below.
  }
  throw new Error(`${url} is no JSON object`)
}
