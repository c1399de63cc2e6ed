import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { allowInsecureRequests, discovery, None } from 'openid-client'

// Discovery by openid-client, which insists that the document names the issuer it asked, and verification by jose with
// nothing but what discovery gave.

const [issuer = '', audience = ''] = process.argv.slice(2)
const configuration = await discovery(new URL(issuer), 'relying-party', undefined, None(), {
  execute: issuer.startsWith('http:') ? [allowInsecureRequests] : [],
})
const metadata = configuration.serverMetadata()
const { payload } = await jwtVerify(
  await text(process.stdin),
  createRemoteJWKSet(new URL(String(metadata.jwks_uri))),
  {
    issuer: metadata.issuer,
    audience,
    algorithms: metadata.id_token_signing_alg_values_supported ?? [],
  },
)
process.stdout.write(JSON.stringify(payload))
