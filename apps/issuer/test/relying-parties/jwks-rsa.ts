import { text } from 'node:stream/consumers'
import jwt from 'jsonwebtoken'
import jwksClient from 'jwks-rsa'

// jsonwebtoken with keys from jwks-rsa, as most Express services verify.

const [issuer = '', audience = ''] = process.argv.slice(2)
const client = jwksClient({ jwksUri: `${issuer}/.well-known/jwks.json` })
const token = await text(process.stdin)
const claims = await new Promise((resolve, reject) => {
  jwt.verify(
    token,
    (header, callback) => {
      client.getSigningKey(header.kid, (error, key) => callback(error, key?.getPublicKey()))
    },
    { issuer, audience, algorithms: ['RS256'] },
    (error, decoded) => (error === null ? resolve(decoded) : reject(error)),
  )
})
process.stdout.write(JSON.stringify(claims))
