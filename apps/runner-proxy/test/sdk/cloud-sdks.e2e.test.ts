import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestAuthority } from '../test-authority.ts'
import { createAwsSts } from './clouds/aws-sts.ts'
import { createEntra } from './clouds/entra.ts'
import { createGoogleSts } from './clouds/google-sts.ts'
import { startCloud } from './clouds/start-cloud.ts'
import { readGuideBlock } from '../guide-blocks.ts'
import { runWorkload } from './run-workload.ts'
import type { AtEnd } from '../start-service.ts'
import { startSandboxStack, type SandboxBody } from './sandbox-stack.ts'

const page = 'cloud-sdks.md'
const sandbox = JSON.parse(readGuideBlock(page, 'Registering the sandbox')) as SandboxBody
const provider =
  '//iam.googleapis.com/projects/123456789012/locations/global/workloadIdentityPools/cluster/providers/issuer'
const entraApp = {
  tenantId: '11111111-2222-3333-4444-555555555555',
  clientId: '66666666-7777-8888-9999-000000000000',
}

/** The clouds, the sandbox of the guide, and one of another app, which none of the clouds was told about. */
async function startEverything(atEnd: AtEnd) {
  const stack = await startSandboxStack(sandbox.runner_id, atEnd)
  const other = { name: 'other', audience: 'https://other.example' }
  const token_files = [...sandbox.token_files, other]
  const authority = createTestAuthority(stack.folder)
  const certificate = authority.sign('cloud', 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n')
  const trust = (audience: string) => ({ issuerUrl: stack.issuerUrl, audience, subject: 'app:billing' })
  const [aws, google, azure, billing, reports] = await Promise.all([
    startCloud(
      createAwsSts('arn:aws:iam::123456789012:role/billing', trust('sts.amazonaws.com')),
      certificate,
      atEnd,
    ),
    startCloud(createGoogleSts(provider, trust(`https:${provider}`)), certificate, atEnd),
    startCloud(createEntra(entraApp, trust('api://AzureADTokenExchange')), certificate, atEnd),
    stack.register({ ...sandbox, token_files }),
    stack.register({ ...sandbox, sandbox_id: 'reports-1', app: 'reports' }),
  ])
  const clouds = {
    NODE_EXTRA_CA_CERTS: authority.caFile,
    AWS_ENDPOINT_URL_STS: aws.url,
    AZURE_AUTHORITY_HOST: azure.url,
  }
  /** A block of the guide, which knows Google by its real name. */
  const block = (heading: string) =>
    readGuideBlock(page, heading).replace('https://sts.googleapis.com', google.url)
  return { block, billing: { ...billing, ...clouds }, reports: { ...reports, ...clouds } }
}

describe('cloud-sdks.md', { timeout: 120_000 }, () => {
  const ends: (() => Promise<void> | void)[] = []
  let everything: Awaited<ReturnType<typeof startEverything>>
  beforeAll(async () => {
    everything = await startEverything((end) => ends.push(end))
  })
  afterAll(async () => {
    for (const end of ends.toReversed()) await end()
  })

  it.each([
    {
      program: 'aws-token-file',
      heading: 'AWS',
      credentials: {
        accessKeyId: 'ASIAEXAMPLEACCESSKEY',
        secretAccessKey: 'secret-of-app:billing',
        sessionToken: 'session-of-app:billing',
        expiration: expect.any(String),
      },
      audienceRefused: /Incorrect token audience/,
      subjectRefused: /Not authorized to perform sts:AssumeRoleWithWebIdentity/,
    },
    {
      program: 'google-credentials',
      heading: 'From a file',
      credentials: { token: 'ya29.federated-token-of-app:billing', kind: 'IdentityPoolClient' },
      audienceRefused: /audience in ID Token does not match/,
      subjectRefused: /rejected by the attribute condition/,
    },
    {
      program: 'google-credentials',
      heading: 'From the token endpoint',
      credentials: { token: 'ya29.federated-token-of-app:billing', kind: 'IdentityPoolClient' },
      audienceRefused: /audience in ID Token does not match/,
      subjectRefused: /rejected by the attribute condition/,
    },
    {
      program: 'azure-token-file',
      heading: 'Azure',
      credentials: { token: 'entra-token-of-app:billing', expiresOnTimestamp: expect.any(Number) },
      audienceRefused: /AADSTS700212/,
      subjectRefused: /AADSTS700213/,
    },
  ])(
    '$program gets credentials with what "$heading" sets, and none for another audience or app',
    async ({ program, heading, credentials, audienceRefused, subjectRefused }) => {
      const { block, billing, reports } = everything
      const script = block(heading)
      const accepted = await runWorkload(program, script, billing)
      expect(accepted.stderr).toBe('')
      expect(JSON.parse(accepted.stdout)).toEqual(credentials)

      const otherToken = script
        .replace(/%\/\*\}\/\w+/, '%/*}/other')
        .replace(/^audience=.*$/m, 'audience=https%3A%2F%2Fother.example')
      expect(otherToken).not.toBe(script)
      const [otherAudience, otherApp] = await Promise.all([
        runWorkload(program, otherToken, billing),
        runWorkload(program, script, reports),
      ])
      expect(otherAudience.exitCode).not.toBe(0)
      expect(otherAudience.stderr).toMatch(audienceRefused)
      expect(otherApp.exitCode).not.toBe(0)
      expect(otherApp.stderr).toMatch(subjectRefused)
    },
  )
})
