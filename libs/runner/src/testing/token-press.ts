import { createHash } from 'node:crypto'
import { addSeconds, seconds, type Clock, type IssuedToken } from '@workload-identity/core'
import { readTokenFacts, type TokenFacts } from '../token-facts.ts'

/** What a token of {@link createTokenPress} is about. */
export interface PressedToken {
  readonly sandbox_id: string
  readonly app?: string
  readonly audience?: string | readonly string[]
  /** Seconds; 3600 unless given. */
  readonly ttl?: number
}

/** Makes tokens that look like those of an issuer and cost next to nothing. */
export type TokenPress = (about: PressedToken) => IssuedToken

const header = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')

/** Makes a {@link TokenPress}. In place of a signature its tokens have a checksum, by which a torn one is told from a whole one. */
export function createTokenPress(clock: Clock): TokenPress {
  let number = 0
  return ({ sandbox_id, app = 'shop', audience = 'https://issuer.example', ttl = 3600 }) => {
    const iat = clock()
    const exp = addSeconds(iat, seconds(ttl))
    number += 1
    const jti = String(number).padStart(12, '0')
    const claims = { iss: 'https://issuer.example', aud: audience, iat, exp, jti, sandbox_id, app }
    const content = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
    // As long as a signature by an RSA key of 2048 bits.
    return { value: `${content}.${checksum(content).repeat(8)}`, expires_at: exp }
  }
}

/** What a token of a {@link TokenPress} tells; `undefined` when a bit of it is missing or from another one. */
export function readWholeToken(text: string): TokenFacts | undefined {
  const [first = '', second = '', signature = ''] = text.split('.')
  return signature === checksum(`${first}.${second}`).repeat(8) ? readTokenFacts(text) : undefined
}

function checksum(content: string): string {
  return createHash('sha256').update(content).digest('base64url')
}
