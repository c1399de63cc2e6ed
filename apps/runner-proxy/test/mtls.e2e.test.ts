import { copyFile, readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { ask } from './ask.ts'
import { answeredWith, mint, mintSoon, startRunnerStack } from './runner-stack.ts'
import { createTestAuthority, type TestAuthority } from './test-authority.ts'

const forClient = (san: string) => `subjectAltName=${san}\nextendedKeyUsage=clientAuth\n`
const forServer = 'subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n'

describe('a runner with a client certificate', () => {
  it('needs no secret, and goes on with the certificate that takes the place of its own', async () => {
    let authority: TestAuthority | undefined
    const stack = await startRunnerStack({
      issuerFlags(folder) {
        authority = createTestAuthority(folder)
        const { certFile, keyFile } = authority.sign('server', forServer)
        return [
          '--control-listen=127.0.0.1:0',
          `--tls-cert=${certFile}`,
          `--tls-key=${keyFile}`,
          `--client-ca=${authority.caFile}`,
        ]
      },
    })
    const { sign, ca, caFile } = authority!
    const registered = await stack.admin('/v1/runners', { json: { runner_id: 'node/1' }, tls: { ca } })
    expect(registered.status).toBe(201)
    const sandbox = { sandbox_id: 'web', app: 'billing', runner_id: 'node/1' }
    const { secret } = (await stack.admin('/v1/sandboxes', { json: sandbox, tls: { ca } })).json as {
      readonly secret: string
    }
    const own = sign('own', forClient('URI:wid:runner:node%2F1'))
    const proxy = await stack.startProxy([
      `--issuer-control-url=${stack.issuer().ready.control}`,
      '--runner-id=node/1',
      `--tls-ca=${caFile}`,
      `--tls-cert=${own.certFile}`,
      `--tls-key=${own.keyFile}`,
    ])
    await mintSoon(proxy, secret)

    // Renewed, as an agent of the node does it: new files in place of the old ones.
    const next = sign('next', forClient('URI:wid:runner:node%2F1'))
    await copyFile(next.certFile, own.certFile)
    await copyFile(next.keyFile, own.keyFile)
    await expect.poll(() => proxy.output(), { timeout: 30_000 }).toContain('read the changed TLS files')
    await mintSoon(proxy, secret, '?audience=after-renewal.example')

    // A certificate of another runner gets what belongs to that one: nothing.
    const other = sign('other', forClient('DNS:node-2'))
    const tls = {
      ca,
      cert: await readFile(other.certFile, 'utf8'),
      key: await readFile(other.keyFile, 'utf8'),
    }
    const asOther = { tls, json: { requests: [{ sandbox_id: 'web' }] } }
    expect((await ask(stack.issuer().ready.control, '/v1/runner/tokens', asOther)).status).toBe(401)
    await copyFile(other.certFile, own.certFile)
    await copyFile(other.keyFile, own.keyFile)
    await answeredWith(503, () => mint(proxy, secret, `?audience=${crypto.randomUUID()}.example`))
  })
})
