import { JwtVerifier } from 'aws-jwt-verify'
import { answerLines } from './answer-lines.ts'

// The verifier of AWS with its cache, which it fills anew only when it meets a key that it does not know.

const [issuer = '', audience = ''] = process.argv.slice(2)
const verifier = JwtVerifier.create({ issuer, audience })
await answerLines((token) => verifier.verify(token))
