import { createRemoteJWKSet, jwtVerify } from 'jose'
import { answerLines } from './answer-lines.ts'

// jose with one remote key set for as long as the process lives, as a service has it.

const [issuer = '', audience = ''] = process.argv.slice(2)
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
await answerLines((token) => jwtVerify(token, keys, { issuer, audience }))
