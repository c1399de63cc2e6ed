import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { allowInsecureRequests, discovery } from 'openid-client'

// A relying party: `node verify-token.ts <issuer URL>` reads a token from standard input, finds the issuer's keys by
// OpenID Connect discovery, verifies the token with them and prints its claims.

const issuer = new URL(process.argv[2] ?? '')
const token = (await text(process.stdin)).trim()
const isPlain = issuer.protocol === 'http:'
try {
  const configuration = await discovery(issuer, 'demo-relying-party', undefined, undefined, {
    execute: isPlain ? [allowInsecureRequests] : [],
  })
  const metadata = configuration.serverMetadata()
  const keys = createRemoteJWKSet(new URL(String(metadata.jwks_uri)))
  const { payload } = await jwtVerify(token, keys, {
    issuer: metadata.issuer,
    algorithms: metadata.id_token_signing_alg_values_supported ?? [],
    requiredClaims: ['sub', 'aud', 'exp', 'iat'],
  })
  console.log(JSON.stringify(payload))
} catch (error) {
  const cause = error instanceof Error && error.cause instanceof Error ? ` (${error.cause.message})` : ''
  console.error(`verification failed: ${error instanceof Error ? error.message : String(error)}${cause}`)
  process.exitCode = 1
}
