import { Buffer } from 'node:buffer'

/** The ID of the key that a stored ring is sealed with; `undefined` when it is not sealed. Nothing is proved by it. */
export function readSealingKeyId(document: string): string | undefined {
  const [header = '', ...rest] = document.split('.')
  if (rest.length !== 4) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    const kid: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'kid') : undefined
    return typeof kid === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(kid) ? kid : undefined
  } catch {
    return undefined
  }
}
