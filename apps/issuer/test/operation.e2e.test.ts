import { once } from 'node:events'
import { chmodSync, copyFileSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createTestFolder, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { sendRequest, type HttpAnswer } from './send-request.ts'
import { createTestCertificates } from './test-certificates.ts'

const sandbox = { sandbox_id: 'billing-7f9c', app: 'billing' }

/**
 * A registration of which the issuer has the head and half of the body. A whole request goes before it in the same
 * write, so that its answer proves that the head of the second one has arrived.
 */
async function beginRegistration(
  issuer: IssuerProcess,
): Promise<{ socket: Socket; finish: () => Promise<string> }> {
  const { hostname, port } = new URL(issuer.ready.control)
  const body = JSON.stringify(sandbox)
  const half = Math.floor(body.length / 2)
  const head = [
    'POST /v1/sandboxes HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${issuer.adminToken}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ].join('\r\n')
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  onTestFinished(() => void socket.destroy())
  socket.write(`GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n${head}\r\n\r\n${body.slice(0, half)}`)
  const [first] = (await once(socket, 'data')) as [string]
  expect(first).toMatch(/^HTTP\/1\.1 200 /)
  const finish = async () => {
    let received = ''
    socket.on('data', (text: string) => (received += text)).write(body.slice(half))
    await once(socket, 'close')
    return received
  }
  return { socket, finish }
}

async function untilRefused(address: string): Promise<void> {
  const { hostname, port } = new URL(address)
  for (;;) {
    const socket = connect(Number(port), hostname)
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (!isOpen) return
  }
}

describe('signals', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with code 0', async (signal) => {
    const issuer = await startIssuer({ folder: await createTestFolder() })
    issuer.signal(signal)
    expect(await issuer.exited).toBe(0)
    expect(issuer.logLines().at(-1)).toMatchObject({ msg: 'stopped' })
  })

  it('SIGTERM lets a request in flight finish while new connections are refused', async () => {
    const folder = await createTestFolder()
    const issuer = await startIssuer({ folder })
    const { finish } = await beginRegistration(issuer)
    issuer.signal('SIGTERM')
    await Promise.all(Object.values(addressesOf(issuer)).map(untilRefused))
    expect(await finish()).toMatch(/^HTTP\/1\.1 201 .*"secret":"wis_/s)
    expect(await issuer.exited).toBe(0)
    const again = await startIssuer({ folder, issuerUrl: issuer.issuerUrl })
    expect((await again.control(`/v1/sandboxes/${sandbox.sandbox_id}`)).status).toBe(200)
  })

  it('a second signal ends it at once with code 1, whatever is in flight', async () => {
    const issuer = await startIssuer({ folder: await createTestFolder() })
    await beginRegistration(issuer)
    issuer.signal('SIGTERM')
    await issuer.waitForLog(({ msg }) => String(msg).startsWith('stopping'))
    issuer.signal('SIGTERM')
    expect(await issuer.exited).toBe(1)
  })
})

describe('sockets', () => {
  it('serves token and control on Unix sockets with their modes, and says so in env', async () => {
    const folder = await createTestFolder()
    const [token, control] = [join(folder, 'token.sock'), join(folder, 'control.sock')]
    const flags = [`--token-listen=unix:${token}`, `--control-listen=unix:${control}`]
    const issuer = await startIssuer({ folder, flags })
    expect(issuer.ready).toMatchObject({ token: `unix:${token}`, control: `unix:${control}` })
    expect(statSync(token).mode & 0o777).toBe(0o660)
    expect(statSync(control).mode & 0o777).toBe(0o600)
    const { secret, env } = await issuer.register(sandbox)
    expect(env).toEqual({
      WORKLOAD_IDENTITY_ISSUER_URL: issuer.issuerUrl,
      WORKLOAD_IDENTITY_TOKEN_URL: `unix:${token}`,
      WORKLOAD_IDENTITY_TOKEN_SECRET: secret,
    })
    expect((await issuer.mint(secret)).status).toBe(200)
    issuer.signal('SIGKILL')
    await issuer.exited
    const again = await startIssuer({ folder, issuerUrl: issuer.issuerUrl, flags })
    expect((await again.mint(secret)).status).toBe(200)
  })
})

describe('TLS', () => {
  it('serves token and control by TLS alone and takes over changed files', async () => {
    const folder = await createTestFolder()
    const { certFile, keyFile, ca } = createTestCertificates(folder)
    const flags = [`--tls-cert=${certFile}`, `--tls-key=${keyFile}`]
    const issuer = await startIssuer({ folder, flags })
    expect(issuer.ready.token).toMatch(/^https:/)
    expect(issuer.ready.control).toMatch(/^https:/)
    const answer = await issuer.control('/v1/sandboxes', { method: 'POST', json: sandbox, ca })
    const { secret, env } = answer.json as { secret: string; env: Record<string, string> }
    expect(env['WORKLOAD_IDENTITY_TOKEN_URL']).toBe(`${issuer.ready.token}/v1/token`)
    expect((await sendRequest(issuer.ready.token, '/v1/token', { bearer: secret, ca })).status).toBe(200)
    const plain = sendRequest(issuer.ready.token.replace('https:', 'http:'), '/v1/token')
    await expect(plain.then(({ status }) => status)).rejects.toThrow()

    const other = createTestCertificates(await createTestFolder())
    copyFileSync(other.keyFile, keyFile)
    copyFileSync(other.certFile, certFile)
    await issuer.waitForLog(({ msg }) => msg === 'read the changed TLS files')
    const renewed = { bearer: secret, ca: other.ca }
    expect((await sendRequest(issuer.ready.token, '/v1/token', renewed)).status).toBe(200)
    expect((await sendRequest(issuer.ready.control, '/livez', { ca: other.ca })).status).toBe(200)
    await expect(sendRequest(issuer.ready.token, '/v1/token', { bearer: secret, ca })).rejects.toThrow()
  })

  it('goes beyond loopback with --allow-plaintext, and warns of an address nobody can use', async () => {
    const issuer = await startIssuer({
      folder: await createTestFolder(),
      flags: ['--token-listen=0.0.0.0:0', '--allow-plaintext=token'],
    })
    expect(issuer.ready.token).toMatch(/^http:\/\/0\.0\.0\.0:/)
    expect(issuer.logLines()).toContainEqual(
      expect.objectContaining({ level: 'warn', msg: expect.stringContaining('set --token-url') }),
    )
  })

  it('puts --token-url into env as it is', async () => {
    const tokenUrl = 'https://tokens.example/cluster/v1/token'
    const issuer = await startIssuer({ folder: await createTestFolder(), flags: [`--token-url=${tokenUrl}`] })
    const { env } = await issuer.register(sandbox)
    expect(env['WORKLOAD_IDENTITY_TOKEN_URL']).toBe(tokenUrl)
    expect(env['ACTIONS_ID_TOKEN_REQUEST_URL']).toBe(`${tokenUrl}?api-version=2.0`)
  })
})

describe('admin tokens', () => {
  it('lets a read admin look and change nothing, and takes over a changed file', async () => {
    const folder = await createTestFolder()
    const path = join(folder, 'admin-token')
    const [reader, admin, next] = ['r', 'a', 'n'].map((letter) => letter.repeat(40))
    writeFileSync(path, `reader read ${reader}\nops admin ${admin}\n`, { mode: 0o600 })
    const issuer = await startIssuer({ folder })
    const asReader = { bearer: String(reader) }
    expect((await issuer.control('/v1/sandboxes', asReader)).status).toBe(200)
    const refused = await issuer.control('/v1/sandboxes', { ...asReader, method: 'POST', json: sandbox })
    expect(refused.status).toBe(403)
    expect((await issuer.control('/v1/sandboxes', { method: 'POST', json: sandbox })).status).toBe(201)

    writeFileSync(`${path}.new`, `ops admin ${next}\n`, { mode: 0o600 })
    renameSync(`${path}.new`, path)
    await issuer.waitForLog(({ msg }) => msg === 'read the admin-token file again')
    expect((await issuer.control('/v1/sandboxes', { bearer: String(next) })).status).toBe(200)
    expect([401, 403]).toContain((await issuer.control('/v1/sandboxes', asReader)).status)

    chmodSync(path, 0o644)
    await issuer.waitForLog(({ level }) => level === 'error')
    expect((await issuer.control('/v1/sandboxes', { bearer: String(next) })).status).toBe(200)
  })
})

describe('logs', () => {
  it('hold no secret, no token and no key in a whole scenario, nor does the audit log', async () => {
    const folder = await createTestFolder()
    const auditPath = join(folder, 'audit.log')
    const flags = ['--log-level=trace', `--audit-log=${auditPath}`]
    const issuer = await startIssuer({ folder, flags })
    const json = (path: string, body: unknown, method = 'POST') =>
      issuer.control(path, { method, json: body })

    const { secret } = await issuer.register(sandbox)
    const minted = await issuer.mint(secret, '?audience=a&ttl=600')
    const vouched = await json('/v1/tokens', { app: 'billing', sandbox_id: 'other', audience: 'b' })
    const renewed = await json(`/v1/sandboxes/${sandbox.sandbox_id}/secret`, { grace_seconds: 60 })
    const wrong = 'wis_this-is-nobodys-secret'
    await issuer.mint(wrong)
    await issuer.mint(secret, `?audience=${'x'.repeat(1001)}`)
    await issuer.mint(secret, `?secret=${secret}`)
    await json('/v1/sandboxes', { ...sandbox, secret })
    await json('/v1/sandboxes', sandbox)
    await issuer.control('/v1/keys')
    await issuer.control(`/v1/unknown/${secret}`, { bearer: wrong })
    await issuer.control(`/v1/sandboxes/${sandbox.sandbox_id}`, { method: 'DELETE' })
    expect(await issuer.stop()).toBe(0)

    const tokens = [minted, vouched].map(({ json: body }) => (body as { value: string }).value)
    const newSecret = (renewed.json as { secret: string }).secret
    const everything = issuer.output() + readFileSync(auditPath, 'utf8')
    const signatures = tokens.map((token) => token.split('.')[2] ?? token)
    for (const hidden of [secret, newSecret, wrong, issuer.adminToken, ...tokens, ...signatures, '"d":']) {
      expect(hidden.length).toBeGreaterThan(3)
      expect(everything).not.toContain(hidden)
    }
    const [first, ...events] = readFileSync(auditPath, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(first).toMatchObject({ event: 'key_created', alg: 'RS256' })
    // What a sandbox got and what an admin vouched for are told by the same names.
    const subjectOf = (id: string) => ({ sandbox_id: id, app: 'billing', sub: `app:billing:sandbox:${id}` })
    const told = ({ json: body, headers }: HttpAnswer) => ({
      time: expect.any(String),
      jti: expect.any(String),
      expires_at: (body as { expires_at: number }).expires_at,
      request_id: headers['x-request-id'],
      client_address: '127.0.0.1',
    })
    expect(events).toContainEqual({
      ...told(minted),
      ...subjectOf(sandbox.sandbox_id),
      event: 'token_minted',
      aud: 'a',
    })
    expect(events).toContainEqual({
      ...told(vouched),
      ...subjectOf('other'),
      ...{ event: 'admin_action', actor: 'admin', action: 'token.vouch', outcome: 'done', aud: 'b' },
    })
    const actions = events.filter(({ event }) => event === 'admin_action').map(({ action }) => action)
    expect(actions).toEqual(
      expect.arrayContaining(['sandbox.register', 'token.vouch', 'sandbox.renew_secret', 'sandbox.end']),
    )
    expect(statSync(auditPath).mode & 0o777).toBe(0o600)
  })
})

function addressesOf({ ready }: IssuerProcess) {
  return { public: ready.public, token: ready.token, control: ready.control }
}
