import { fastify } from 'fastify'
import { generateKeyPair, SignJWT } from 'jose'
import { answer, readSettings } from './answer.ts'

// What anybody would write first: one Fastify route that signs with jose. It checks nothing, looks nothing up and logs
// nothing; the claims are those of the issuer's tokens.

const { algorithm } = readSettings() as { readonly algorithm: string }
const { privateKey } = await generateKeyPair(algorithm)
const app = fastify()
app.get('/', async () => {
  const now = Math.floor(Date.now() / 1000)
  const value = await new SignJWT({
    iss: 'https://id.example.com',
    sub: 'app:billing:sandbox:billing-1',
    aud: 'sts.amazonaws.com',
    iat: now,
    nbf: now - 60,
    exp: now + 3600,
    jti: crypto.randomUUID(),
    app: 'billing',
    sandbox_id: 'billing-1',
    identity_type: 'sandbox',
  })
    .setProtectedHeader({ alg: algorithm, kid: 'k'.repeat(43), typ: 'JWT' })
    .sign(privateKey)
  return { value, expires_at: now + 3600 }
})
answer(await app.listen({ port: 0, host: '127.0.0.1' }))
