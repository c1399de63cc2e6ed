import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createTestFolder, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { readOpenApiDocument } from './openapi-document.ts'
import { createReplicas } from './redis-replicas.ts'
import { sendRequest, type HttpAnswer, type HttpRequest } from './send-request.ts'
import { createClientCertificate, createTestCertificates } from './test-certificates.ts'

const heal = { timeout: 30_000, interval: 100 }
const post = (json: unknown): HttpRequest => ({ method: 'POST', json })
const mintFor = (...ids: readonly string[]) => post({ requests: ids.map((sandbox_id) => ({ sandbox_id })) })

/** An issuer with TLS, an authority of client certificates and an audit log. */
async function startGuardedIssuer() {
  const folder = await createTestFolder()
  const [serverFolder, clientFolder] = [join(folder, 'server'), join(folder, 'clients')]
  for (const path of [serverFolder, clientFolder]) mkdirSync(path)
  const { ca, certFile, keyFile } = createTestCertificates(serverFolder)
  const { caFile } = createTestCertificates(clientFolder)
  const auditFile = join(folder, 'audit.jsonl')
  const flags = [
    ...['--organization-id=acme', '--signing-algorithm=ES256', `--audit-log=${auditFile}`],
    ...[`--tls-cert=${certFile}`, `--tls-key=${keyFile}`, `--client-ca=${caFile}`],
    ...['--system-workload=puller=registry;audience=mirror;runner=node-1', '--system-workload=logs=logs'],
  ]
  const issuer = await startIssuer({ folder, flags })
  /** A request with no other credential than those of the request. */
  const send = (path: string, request: HttpRequest = {}) =>
    sendRequest(issuer.ready.control, path, { ca, ...request })
  const asAdmin = (path: string, request: HttpRequest = {}) =>
    send(path, { bearer: issuer.adminToken, ...request })
  return { ...issuer, send, asAdmin, caFile, clientFolder, auditFile }
}

/** Registers a runner, and sandboxes that are assigned to it; gives the runner's secret. */
async function registerRunner(
  asAdmin: (path: string, request?: HttpRequest) => Promise<HttpAnswer>,
  runner_id: string,
  ...sandboxes: readonly string[]
): Promise<string> {
  const answer = await asAdmin('/v1/runners', post({ runner_id }))
  expect(answer.status).toBe(201)
  for (const sandbox_id of sandboxes) {
    const registered = await asAdmin('/v1/sandboxes', post({ sandbox_id, app: 'web', runner_id }))
    expect(registered.status).toBe(201)
  }
  return (answer.json as { secret: string }).secret
}

/** What each entry of a batch was answered with: `issued`, or its error. */
function outcomes({ json }: HttpAnswer): readonly string[] {
  const { results } = json as { results: readonly { value?: string; error?: string }[] }
  return results.map(({ value, error }) => (value === undefined ? (error ?? 'nothing') : 'issued'))
}

function valueOf({ json }: HttpAnswer): string {
  const { value, results } = json as { value?: string; results?: readonly { value: string }[] }
  return value ?? results?.[0]?.value ?? ''
}

describe('an issuer', { timeout: 120_000 }, () => {
  it('mints for the sandboxes of a runner, by what it knows of them, and writes down for whom', async () => {
    const issuer = await startGuardedIssuer()
    const { send, asAdmin } = issuer
    const bearer = await registerRunner(asAdmin, 'node-1', 's1')
    await registerRunner(asAdmin, 'node-2', 's2')
    const certificate = createClientCertificate(issuer.clientFolder, 'URI:wid:runner:node-1')

    for (const credential of [{ bearer }, { certificate }]) {
      const answer = await send('/v1/runner/tokens', { ...mintFor('s1', 's2'), ...credential })
      expect(outcomes(answer)).toEqual(['issued', 'access_denied'])
      expect(decodeJwt(valueOf(answer))).toMatchObject({ sub: 'org:acme:app:web:sandbox:s1', app: 'web' })
    }
    const forged = post({ requests: [{ sandbox_id: 's1', app: 'billing' }] })
    expect(await send('/v1/runner/tokens', { ...forged, bearer })).toMatchObject({
      status: 400,
      json: { error_description: 'unknown property "requests.0.app"' },
    })
    const system = await send('/v1/runner/system-tokens', { ...post({ workload: 'puller' }), bearer })
    expect(decodeJwt(valueOf(system))).toMatchObject({ aud: 'registry', identity_type: 'system' })

    const lines = readFileSync(issuer.auditFile, 'utf8').trimEnd().split('\n')
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    const minted = { sandbox_id: 's1', app: 'web', runner_id: 'node-1', sub: 'org:acme:app:web:sandbox:s1' }
    expect(events.filter(({ event }) => event === 'token_minted')).toMatchObject([
      minted,
      minted,
      { system_workload: 'puller', runner_id: 'node-1', aud: 'registry' },
    ])
    const written = lines.join('\n') + issuer.output()
    for (const secret of [bearer, valueOf(system)]) expect(written).not.toContain(secret)
    expect(issuer.logLines()).toContainEqual(
      expect.objectContaining({ route: '/v1/runner/tokens', runner_id: 'node-1', status: 200 }),
    )
    const { text: metrics } = await send('/metrics')
    expect(metrics).toContain('wid_batched_mints_total{outcome="issued"} 2')
    expect(metrics).toContain('wid_batched_mints_total{outcome="ERR_SANDBOX_NOT_ASSIGNED"} 2')
    expect(metrics).toContain('wid_mints_total{route="/v1/runner/system-tokens",outcome="issued"} 1')
  })

  it('refuses a runner on every route of admins and an admin on every route of runners', async () => {
    const issuer = await startGuardedIssuer()
    const { send, asAdmin } = issuer
    const bearer = await registerRunner(asAdmin, 'node-1', 's1')
    const certificate = createClientCertificate(issuer.clientFolder, 'DNS:node-1')
    const statuses = { admin: new Set<number>(), runner: new Set<number>(), both: new Set<number>() }
    let [forAdmins, forRunners] = [0, 0]
    for (const [path, methods] of Object.entries(readOpenApiDocument().paths)) {
      for (const [method, { tags, security }] of Object.entries(methods)) {
        const callers = security.flatMap((scheme) => Object.keys(scheme))
        if (tags[0] !== 'control' || callers.length === 0) continue
        const target = path.replace(/\{k?id\}/, 's1')
        const request = { method: method.toUpperCase() }
        const sent = [{ bearer }, { certificate }, { bearer, certificate }]
        if (callers.includes('adminToken') && callers.includes('runnerSecret')) {
          for (const shown of [...sent, { bearer: issuer.adminToken }])
            statuses.both.add((await send(target, { ...request, ...shown })).status)
        } else if (callers.includes('adminToken')) {
          forAdmins += 1
          for (const shown of sent) statuses.admin.add((await send(target, { ...request, ...shown })).status)
        } else {
          forRunners += 1
          statuses.runner.add((await asAdmin(target, request)).status)
        }
      }
    }
    expect(statuses).toEqual({ admin: new Set([401]), runner: new Set([401]), both: new Set([200]) })
    expect(forAdmins).toBeGreaterThan(15)
    expect(forRunners).toBeGreaterThan(3)
    expect((await asAdmin('/v1/sandboxes/s1')).status).toBe(200)
  })

  it('forgets runners and sandboxes at once, and authorities of certificates when their file changes', async () => {
    const issuer = await startGuardedIssuer()
    const { send, asAdmin } = issuer
    const secret = await registerRunner(asAdmin, 'node-1', 'moved', 'ended', 'kept')
    const other = await registerRunner(asAdmin, 'node-2')
    const certificate = createClientCertificate(issuer.clientFolder, 'DNS:node-1')
    const mint = (credential: HttpRequest, ...ids: readonly string[]) =>
      send('/v1/runner/tokens', { ...mintFor(...ids), ...credential })

    expect(outcomes(await mint({ bearer: secret }, 'moved', 'ended'))).toEqual(['issued', 'issued'])
    await asAdmin('/v1/sandboxes/moved', { method: 'PATCH', json: { runner_id: 'node-2' } })
    await asAdmin('/v1/sandboxes/ended', { method: 'DELETE' })
    const refused = ['access_denied', 'access_denied', 'issued']
    expect(outcomes(await mint({ bearer: secret }, 'moved', 'ended', 'kept'))).toEqual(refused)
    expect(outcomes(await mint({ bearer: other }, 'moved', 'ended'))).toEqual(['issued', 'access_denied'])
    const assignments = await send('/v1/runner/sandboxes', { bearer: secret })
    expect(assignments.json).toMatchObject({
      sandboxes: [{ sandbox_id: 'kept' }],
      ended: [{ sandbox_id: 'ended' }, { sandbox_id: 'moved' }],
    })

    const { json } = await asAdmin('/v1/runners/node-1/secret', { method: 'POST' })
    const renewed = (json as { secret: string }).secret
    expect((await mint({ bearer: secret }, 'kept')).status).toBe(401)
    expect((await mint({ bearer: renewed }, 'kept')).status).toBe(200)
    expect((await mint({ certificate }, 'kept')).status).toBe(200)
    await asAdmin('/v1/runners/node-1?sandboxes=end', { method: 'DELETE' })
    expect((await mint({ bearer: renewed }, 'kept')).status).toBe(401)
    expect((await mint({ certificate }, 'kept')).status).toBe(401)

    const second = createClientCertificate(issuer.clientFolder, 'DNS:node-2')
    expect((await mint({ certificate: second }, 'moved')).status).toBe(200)
    const nextFolder = join(issuer.folder, 'next-clients')
    mkdirSync(nextFolder)
    const next = createTestCertificates(nextFolder)
    writeFileSync(`${issuer.caFile}.new`, next.ca)
    renameSync(`${issuer.caFile}.new`, issuer.caFile)
    const replaced = createClientCertificate(nextFolder, 'DNS:node-2')
    await expect.poll(async () => (await mint({ certificate: replaced }, 'moved')).status, heal).toBe(200)
    expect((await mint({ certificate: second }, 'moved')).status).toBe(401)
  })
})

describe('replicas', { timeout: 120_000 }, () => {
  it('forget soon which runners and sandboxes another one ended, moved or gave another secret', async () => {
    const { start } = await createReplicas()
    const flags = ['--signing-algorithm=ES256']
    const [first, second] = [await start(flags), await start(flags)]
    const secret = await registerRunner(first.control, 'node-1', 'moved', 'ended', 'kept')
    await registerRunner(first.control, 'node-2')
    const ids = ['moved', 'ended', 'kept']
    const mint = (replica: IssuerProcess) =>
      sendRequest(replica.ready.control, '/v1/runner/tokens', { ...mintFor(...ids), bearer: secret })
    const list = async (replica: IssuerProcess) => {
      const { json } = await sendRequest(replica.ready.control, '/v1/runner/sandboxes', { bearer: secret })
      type Listed = Record<'sandboxes' | 'ended', readonly { sandbox_id: string }[]>
      const { sandboxes, ended } = json as Partial<Listed>
      return { live: sandboxes?.length, ended: ended?.map(({ sandbox_id }) => sandbox_id) }
    }
    const told = { live: 1, ended: ['ended', 'moved'] }
    expect(outcomes(await mint(second))).toEqual(['issued', 'issued', 'issued'])
    expect(await list(second)).toEqual({ live: 3, ended: [] })
    await first.control('/v1/sandboxes/moved', { method: 'PATCH', json: { runner_id: 'node-2' } })
    await first.control('/v1/sandboxes/ended', { method: 'DELETE' })
    const left = ['access_denied', 'access_denied', 'issued']
    expect(outcomes(await mint(first))).toEqual(left)
    expect(await list(first)).toEqual(told)
    await expect.poll(async () => outcomes(await mint(second)), heal).toEqual(left)
    await expect.poll(() => list(second), heal).toEqual(told)
    await first.control('/v1/runners/node-1/secret', { method: 'POST' })
    expect((await mint(first)).status).toBe(401)
    await expect.poll(async () => (await mint(second)).status, heal).toBe(401)
  })
})
