import jwt from 'jsonwebtoken'
import jwksClient from 'jwks-rsa'
import { answerLines } from './answer-lines.ts'

// jsonwebtoken with the cache of one jwks-rsa client for as long as the process lives.

const [issuer = '', audience = ''] = process.argv.slice(2)
const client = jwksClient({ jwksUri: `${issuer}/.well-known/jwks.json` })
await answerLines(
  (token) =>
    new Promise((resolve, reject) => {
      jwt.verify(
        token,
        (header, callback) => {
          client.getSigningKey(header.kid, (error, key) => callback(error, key?.getPublicKey()))
        },
        { issuer, audience },
        (error, decoded) => (error === null ? resolve(decoded) : reject(error)),
      )
    }),
)
