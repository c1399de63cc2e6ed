import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTestFolder, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

const sandbox = { sandbox_id: 'billing-7f9c', app: 'billing' }
const audience = 'https://vault.example'

async function mintToken(issuer: IssuerProcess, secret: string): Promise<string> {
  const answer = await issuer.mint(secret, `?audience=${encodeURIComponent(audience)}`)
  expect(answer.status).toBe(200)
  return (answer.json as { value: string }).value
}

async function verify(issuer: IssuerProcess, token: string) {
  const discovery = await sendRequest(issuer.ready.public, '/.well-known/openid-configuration')
  const { jwks_uri: jwksUri } = discovery.json as { jwks_uri: string }
  const keys = createRemoteJWKSet(new URL(jwksUri))
  return jwtVerify(token, keys, { issuer: issuer.issuerUrl, audience })
}

async function fetchJwks(issuer: IssuerProcess): Promise<string> {
  return (await sendRequest(issuer.ready.public, '/.well-known/jwks.json')).text
}

describe('the issuer as a process', () => {
  it('says ready with the addresses it bound, and which URL it has from where', async () => {
    const issuer = await startIssuer({ folder: await createTestFolder() })
    expect(issuer.ready).toMatchObject({
      msg: 'ready',
      public: issuer.issuerUrl,
      token: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/),
      control: expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/),
    })
    expect(issuer.logLines()).toContainEqual(
      expect.objectContaining({ issuer: issuer.issuerUrl, source: 'explicit' }),
    )
    const messages = issuer.logLines().map(({ msg }) => msg)
    expect(messages).toContain('the store was empty: generated a first key')
    expect(messages).toContain('the store is not sealed: whoever can write it can add keys and secrets')
    expect(messages).toContain('any audience is allowed: --allowed-audience would limit them')
  })

  it('says ready whatever the log level', async () => {
    const issuer = await startIssuer({ folder: await createTestFolder(), flags: ['--log-level=error'] })
    expect(issuer.logLines()).toHaveLength(1)
  })

  it('mints a token for a registered sandbox that jose verifies by discovery and JWKS', async () => {
    const issuer = await startIssuer({
      folder: await createTestFolder(),
      flags: ['--organization-id=acme', '--cluster-id=prod'],
    })
    const { secret, env } = await issuer.register(sandbox)
    expect(env).toEqual({
      WORKLOAD_IDENTITY_ISSUER_URL: issuer.issuerUrl,
      WORKLOAD_IDENTITY_TOKEN_URL: `${issuer.ready.token}/v1/token`,
      WORKLOAD_IDENTITY_TOKEN_SECRET: secret,
      ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer.ready.token}/v1/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
    })
    const { payload, protectedHeader } = await verify(issuer, await mintToken(issuer, secret))
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) })
    expect(payload).toMatchObject({
      iss: issuer.issuerUrl,
      sub: 'org:acme:app:billing:sandbox:billing-7f9c',
      aud: audience,
      organization_id: 'acme',
      cluster_id: 'prod',
      identity_type: 'sandbox',
    })
  })

  it('tells its health and its metrics', async () => {
    const issuer = await startIssuer({ folder: await createTestFolder() })
    const { secret } = await issuer.register(sandbox)
    await mintToken(issuer, secret)
    await issuer.mint('wis_nobody-has-this-one')
    expect((await sendRequest(issuer.ready.control, '/livez')).status).toBe(200)
    expect((await sendRequest(issuer.ready.control, '/readyz')).status).toBe(200)
    const { text } = await sendRequest(issuer.ready.control, '/metrics')
    expect(text).toContain('wid_mints_total{route="/v1/token",outcome="issued"} 1')
    expect(text).toContain('wid_mints_total{route="/v1/token",outcome="ERR_CREDENTIAL_UNKNOWN"} 1')
    expect(text).toContain('wid_keys{state="active"} 1')
  })

  it('serves the JWKS at its aliases and limits audiences and lifetimes as it is told', async () => {
    const issuer = await startIssuer({
      folder: await createTestFolder(),
      flags: [
        '--jwks-alias=/.well-known/other/jwks',
        `--allowed-audience=${audience}`,
        `--default-audience=${audience}`,
        '--max-ttl=10m',
        '--signing-algorithm=ES256',
      ],
    })
    const alias = await sendRequest(issuer.ready.public, '/.well-known/other/jwks')
    expect(alias.text).toBe(await fetchJwks(issuer))
    const { secret } = await issuer.register(sandbox)
    expect((await issuer.mint(secret, '?audience=other')).status).toBeGreaterThanOrEqual(400)
    const { payload, protectedHeader } = await verify(issuer, await mintToken(issuer, secret))
    expect(protectedHeader.alg).toBe('ES256')
    expect(Number(payload.exp) - Number(payload.iat)).toBe(600)
  })
})
