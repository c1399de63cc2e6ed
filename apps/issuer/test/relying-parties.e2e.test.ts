import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTestFolder, findFreePort, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { runRelyingParty } from './run-relying-party.ts'
import { createTestCertificates } from './test-certificates.ts'

const audience = 'https://vault.example.com'
const sandbox = { sandbox_id: 'billing-7f9c', app: 'billing' }

async function mintToken(issuer: IssuerProcess): Promise<string> {
  const { secret } = await issuer.register(sandbox)
  const answer = await issuer.mint(secret, `?audience=${encodeURIComponent(audience)}`)
  expect(answer.status).toBe(200)
  return (answer.json as { value: string }).value
}

describe('relying parties', () => {
  it.each(['openid-client', 'jose', 'jwks-rsa'])(
    '%s verifies a token knowing the issuer URL alone, and refuses it for another audience',
    async (program) => {
      const issuer = await startIssuer({ folder: await createTestFolder() })
      const token = await mintToken(issuer)
      const accepted = await runRelyingParty({ program, args: [issuer.issuerUrl, audience], input: token })
      expect(accepted.stderr).toBe('')
      expect(JSON.parse(accepted.stdout)).toEqual(decodeJwt(token))
      expect(JSON.parse(accepted.stdout)).toMatchObject({
        iss: issuer.issuerUrl,
        sub: 'app:billing:sandbox:billing-7f9c',
        aud: audience,
        app: 'billing',
        sandbox_id: 'billing-7f9c',
        identity_type: 'sandbox',
      })
      const refused = await runRelyingParty({ program, args: [issuer.issuerUrl, 'other'], input: token })
      expect(refused.exitCode).toBe(1)
      expect(refused.stderr).toMatch(/aud/)
    },
  )

  it('aws-jwt-verify verifies a token over the TLS public listener with a test authority', async () => {
    const folder = await createTestFolder()
    const { caFile, certFile, keyFile } = createTestCertificates(folder)
    const issuer = await startIssuer({
      folder,
      issuerUrl: `https://localhost:${await findFreePort()}`,
      flags: [`--public-tls-cert=${certFile}`, `--public-tls-key=${keyFile}`],
    })
    const token = await mintToken(issuer)
    const run = { program: 'aws-jwt-verify', input: token, env: { NODE_EXTRA_CA_CERTS: caFile } }
    const accepted = await runRelyingParty({ ...run, args: [issuer.issuerUrl, audience] })
    expect(accepted.stderr).toBe('')
    expect(JSON.parse(accepted.stdout)).toEqual(decodeJwt(token))
    const refused = await runRelyingParty({ ...run, args: [issuer.issuerUrl, 'other'] })
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toMatch(/Audience not allowed/)
  })

  it('@actions/core gets a token with nothing but the variables of env', async () => {
    const issuer = await startIssuer({ folder: await createTestFolder() })
    const { env } = await issuer.register(sandbox)
    const run = await runRelyingParty({ program: 'actions-core', args: ['sts.amazonaws.com'], env })
    expect(run.exitCode).toBe(0)
    const token = run.stderr.trim()
    const verified = await runRelyingParty({
      program: 'jose',
      args: [issuer.issuerUrl, 'sts.amazonaws.com'],
      input: token,
    })
    expect(JSON.parse(verified.stdout)).toMatchObject({ sub: 'app:billing:sandbox:billing-7f9c' })
  })
})
