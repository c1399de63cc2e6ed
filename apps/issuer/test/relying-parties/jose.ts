import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'

// jose with a remote key set at its usual address.

const [issuer = '', audience = ''] = process.argv.slice(2)
const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
const { payload } = await jwtVerify(await text(process.stdin), keys, {
  issuer,
  audience,
  algorithms: ['RS256'],
})
process.stdout.write(JSON.stringify(payload))
