import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN_TOKEN, ISSUER_URL, startControlServer } from './control-server.testing.ts'
import { createIssuerClient } from './create-issuer-client.ts'
import { createRemoteTokenIssuer } from './create-remote-token-issuer.ts'
import type { IssuerClient } from './issuer-client.ts'

let server: Awaited<ReturnType<typeof startControlServer>>
let admin: IssuerClient
let runner: IssuerClient
let runnerSecret: string
beforeAll(async () => {
  server = await startControlServer()
  admin = createIssuerClient({ controlUrl: server.url, bearer: () => ADMIN_TOKEN })
  runnerSecret = (await admin.registerRunner({ runner_id: 'node/1', token_dir: '/run/tokens' })).secret
  runner = createIssuerClient({ controlUrl: server.url, bearer: () => runnerSecret })
})
afterAll(async () => {
  await Promise.all([admin.close(), runner.close()])
  await server.close()
})

const refused = (status: number, error: string) =>
  expect.objectContaining({ name: 'IssuerRefusal', status, error, description: expect.any(String) })

/** The claims of a token, unverified. */
function decodeJwt(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString('utf8'))
}

describe('createIssuerClient and the control server', () => {
  it('registers, reads, lists, changes, renews and ends a sandbox', async () => {
    const registered = await admin.registerSandbox({ sandbox_id: 'jobs/1', app: 'web' })
    expect(registered).toMatchObject({ sandbox_id: 'jobs/1', secret: expect.stringMatching(/^wis_/) })
    expect(await admin.readSandbox('jobs/1')).toMatchObject({ app: 'web', runner_id: null })
    expect((await admin.listSandboxes({ limit: 1000 })).items.map(({ sandbox_id }) => sandbox_id)).toContain(
      'jobs/1',
    )
    expect(await admin.changeSandbox('jobs/1', { max_ttl: 600 })).toMatchObject({ max_ttl: 600 })
    const renewed = await admin.renewSandboxSecret('jobs/1', { grace_seconds: 60 })
    expect(renewed.secret).not.toBe(registered.secret)
    await admin.endSandbox('jobs/1')
    await expect(admin.readSandbox('jobs/1')).rejects.toEqual(refused(404, 'not_found'))
    await expect(admin.endSandbox('jobs/1')).rejects.toEqual(refused(404, 'not_found'))
  })

  it('registers many sandboxes, each with an answer of its own', async () => {
    const results = await admin.registerSandboxes([
      { sandbox_id: 'b1', app: 'web' },
      { sandbox_id: 'b1', app: 'web' },
    ])
    expect(results).toEqual([
      expect.objectContaining({ sandbox_id: 'b1', secret: expect.any(String) }),
      expect.objectContaining({ sandbox_id: 'b1', error: 'conflict' }),
    ])
  })

  it('lists page by page', async () => {
    for (const runner_id of ['p1', 'p2', 'p3']) await admin.registerRunner({ runner_id })
    const seen: string[] = []
    for (let after: string | undefined; ;) {
      const { items, next } = await admin.listRunners({ limit: 2, ...(after !== undefined && { after }) })
      seen.push(...items.map(({ runner_id }) => runner_id))
      if (next === null) break
      after = next
    }
    expect(seen).toEqual(['node/1', 'p1', 'p2', 'p3'])
  })

  it('renews the secret of a runner and ends it with its sandboxes', async () => {
    const { secret } = await admin.registerRunner({ runner_id: 'node-2' })
    expect((await admin.renewRunnerSecret('node-2')).secret).not.toBe(secret)
    await admin.registerSandbox({ sandbox_id: 'r1', app: 'web', runner_id: 'node-2' })
    await expect(admin.endRunner('node-2')).rejects.toEqual(refused(409, 'conflict'))
    await admin.endRunner('node-2', { sandboxes: 'end' })
    await expect(admin.readSandbox('r1')).rejects.toEqual(refused(404, 'not_found'))
  })

  it('vouches for a sandbox', async () => {
    const { value } = await admin.vouchToken({ app: 'web', sandbox_id: 'v1', audience: 'sts' })
    expect(decodeJwt(value)).toMatchObject({ iss: ISSUER_URL, app: 'web', sandbox_id: 'v1', aud: 'sts' })
  })

  it('gives a runner tokens and identities of its own sandboxes alone, and its list when it changed', async () => {
    const before = await runner.listAssignments()
    if (before === 'not-modified') return expect.unreachable()
    expect(await runner.listAssignments(before.etag)).toBe('not-modified')
    await admin.registerSandbox({ sandbox_id: 'mine', app: 'web', runner_id: 'node/1' })
    await admin.registerSandbox({ sandbox_id: 'other', app: 'web' })
    const after = await runner.listAssignments(before.etag)
    expect(after).toMatchObject({ list: { runner_id: 'node/1', sandboxes: [{ sandbox_id: 'mine' }] } })
    const order = ['other', 'mine']
    const minted = await runner.mintTokens(order.map((sandbox_id) => ({ sandbox_id, audience: ['a', 'b'] })))
    expect(minted).toEqual([
      expect.objectContaining({ sandbox_id: 'other', error: 'access_denied' }),
      { sandbox_id: 'mine', value: expect.any(String), expires_at: expect.any(Number) },
    ])
    expect(await runner.describeSandboxes(order)).toEqual([
      expect.objectContaining({ sandbox_id: 'other', error: 'access_denied' }),
      expect.objectContaining({ sandbox_id: 'mine', subject: 'org:acme:app:web:sandbox:mine' }),
    ])
  })

  it('gives a runner tokens of system workloads and the facts of the issuer', async () => {
    const { value } = await runner.mintSystemToken({ workload: 'image-puller' })
    expect(decodeJwt(value)).toMatchObject({ identity_type: 'system', aud: 'mirror' })
    await expect(runner.mintSystemToken({ workload: 'other' })).rejects.toEqual(refused(403, 'access_denied'))
    for (const client of [runner, admin]) expect((await client.readIssuer()).issuer).toBe(ISSUER_URL)
  })

  it('refuses a runner what an admin may, and somebody unknown everything', async () => {
    await expect(runner.listSandboxes()).rejects.toMatchObject({ name: 'IssuerRefusal' })
    const nobody = createIssuerClient({ controlUrl: server.url, bearer: () => 'wir_nobody' })
    await expect(nobody.listAssignments()).rejects.toMatchObject({ name: 'IssuerRefusal' })
    await nobody.close()
    const unproved = createIssuerClient({ controlUrl: server.url })
    await expect(unproved.readIssuer()).rejects.toEqual(refused(401, 'invalid_token'))
    await unproved.close()
  })
})

describe('createRemoteTokenIssuer and the control server', () => {
  it('gives tokens of the issuer whose claims come from its registry', async () => {
    await admin.registerSandbox({ sandbox_id: 'remote', app: 'web', runner_id: 'node/1' })
    const issuer = createRemoteTokenIssuer({ client: runner })
    await issuer.start()
    issuer.stop()
    const { value, expires_at } = await issuer.issueToken('forged', 'remote', { ttl: 600 })
    const claims = decodeJwt(value)
    expect(claims).toMatchObject({ iss: issuer.issuerUrl, app: 'web', sandbox_id: 'remote', exp: expires_at })
    await expect(issuer.issueToken('web', 'nobody')).rejects.toEqual(refused(403, 'access_denied'))
  })
})
