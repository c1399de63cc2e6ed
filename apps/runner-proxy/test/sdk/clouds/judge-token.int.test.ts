import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { judgeToken } from './judge-token.ts'

const audience = 'sts.amazonaws.com'
const subject = 'app:billing'
let keys: Awaited<ReturnType<typeof generateKeyPair>>
let otherKeys: typeof keys

/** An issuer that publishes `keys`, and names itself as told. */
async function startIssuer(name?: string): Promise<string> {
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' }
  const server = createServer((request, response) => {
    const isDiscovery = request.url === '/.well-known/openid-configuration'
    const document = { issuer: name ?? url(), jwks_uri: `${url()}/keys` }
    response.end(JSON.stringify(isDiscovery ? document : { keys: [jwk] }))
  }).listen(0, '127.0.0.1')
  const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return url()
}

const sign = (claims: JWTPayload, by = keys) =>
  new SignJWT({ aud: audience, sub: subject, iat: 1_767_225_600, exp: 4_102_444_800, ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .sign(by.privateKey)

describe('judgeToken', () => {
  beforeAll(async () => {
    ;[keys, otherKeys] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')])
  })

  it('trusts a token of the issuer for the audience and the subject', async () => {
    const issuerUrl = await startIssuer()
    const token = await sign({ iss: issuerUrl })
    const judged = await judgeToken(token, { issuerUrl, audience, subject })
    expect(judged).toMatchObject({ trusted: true, claims: { sub: subject } })
  })

  it.each([
    ['issuer', { iss: 'https://other.example' }],
    ['audience', { aud: 'other' }],
    ['subject', { sub: 'app:billing2' }],
    ['expired', { exp: 1_767_229_200 }],
  ])('finds what is wrong with a token: %s', async (wrong, claims) => {
    const issuerUrl = await startIssuer()
    const token = await sign({ iss: issuerUrl, ...claims })
    expect(await judgeToken(token, { issuerUrl, audience, subject })).toEqual({ trusted: false, wrong })
  })

  it('does not trust a token that another key signed', async () => {
    const issuerUrl = await startIssuer()
    const token = await sign({ iss: issuerUrl }, otherKeys)
    const judged = await judgeToken(token, { issuerUrl, audience, subject })
    expect(judged).toEqual({ trusted: false, wrong: 'signature' })
  })

  it('does not trust an issuer whose discovery names another one', async () => {
    const issuerUrl = await startIssuer('https://other.example')
    const judged = await judgeToken(await sign({ iss: issuerUrl }), { issuerUrl, audience, subject })
    expect(judged).toEqual({ trusted: false, wrong: 'issuer' })
  })
})
