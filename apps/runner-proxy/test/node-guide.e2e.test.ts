import { execFileSync } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { ask, type Question } from './ask.ts'
import { findFreePort } from './find-free-port.ts'
import { readGuideScripts } from './guide-blocks.ts'
import { receiveNotices } from './receive-notices.ts'
import { mintSoon, type Sandbox } from './runner-stack.ts'
import { CHECKOUT, startUnit } from './start-unit.ts'
import { createTestAuthority } from './test-authority.ts'

const guide = readGuideScripts('running-a-node.md')
const anyPort = { WID_TOKEN_LISTEN: '127.0.0.1:0', WID_CONTROL_LISTEN: '127.0.0.1:0' }

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wid-node-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The authority and the key of a node, made as the guide says. */
async function makeAuthorityAndKey(folder: string) {
  const places = { CA_DIR: join(folder, 'ca'), NODE_DIR: join(folder, 'node') }
  for (const place of Object.values(places)) await mkdir(place)
  await guide.run('The authority', places)
  await guide.run("The node's key and request", places)
  return places
}

describe('running-a-node.md', { timeout: 120_000 }, () => {
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('installs an issuer and a node, which get a sandbox its token, by a secret and by either kind of certificate', async () => {
    const ROOT = await createFolder()
    await mkdir(join(ROOT, 'etc'))
    await guide.run('Installing', { ROOT, CHECKOUT })
    const etc = join(ROOT, 'etc/workload-identity')
    const authority = createTestAuthority(ROOT)
    const server = authority.sign('issuer', 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n')
    await copyFile(authority.caFile, join(etc, 'ca.pem'))
    await copyFile(server.certFile, join(etc, 'issuer.pem'))
    await copyFile(server.keyFile, join(etc, 'issuer.key'))
    const places = await makeAuthorityAndKey(ROOT)

    const port = await findFreePort()
    const ISSUER_URL = 'https://id.cluster.example'
    await guide.run('The issuer', { ROOT, ISSUER_URL, CONTROL_LISTEN: `127.0.0.1:${port}` })
    const issuerSocket = join(ROOT, 'issuer-notify')
    const heardOfIssuer = await receiveNotices(issuerSocket)
    await startUnit('issuer', {
      root: ROOT,
      env: {
        NOTIFY_SOCKET: issuerSocket,
        ...{ WID_PUBLIC_LISTEN: '127.0.0.1:0', WID_TOKEN_LISTEN: '127.0.0.1:0' },
        WID_CLIENT_CA: join(places.CA_DIR, 'ca.pem'),
      },
    })
    await expect.poll(heardOfIssuer, { timeout: 60_000 }).toEqual(['READY=1'])
    const ADMIN_TOKEN_FILE = join(ROOT, 'var/lib/workload-identity-issuer/admin-token')
    const CONTROL = `https://localhost:${port}`
    const admin = (await readFile(ADMIN_TOKEN_FILE, 'utf8')).trim()
    const asAdmin = (path: string, question: Question = {}) =>
      ask(CONTROL, path, { bearer: admin, tls: { ca: authority.ca }, ...question })

    /** A token of a new sandbox on a node, from the proxy that was just started there. */
    const tokenFrom = async (node: string, proxy: Awaited<ReturnType<typeof startUnit>>) => {
      const json = { sandbox_id: `billing-on-${node}`, app: 'billing', runner_id: node }
      const { secret, env } = (await asAdmin('/v1/sandboxes', { json })).json as Sandbox
      const file = join(ROOT, env['WORKLOAD_IDENTITY_TOKEN_PATH'] ?? '')
      await expect.poll(() => readFile(file, 'utf8').catch(String), { timeout: 60_000 }).toMatch(/^ey/)
      return mintSoon(proxy, secret)
    }
    const registration = { ROOT, CONTROL, ADMIN_TOKEN_FILE, CA: authority.caFile }

    await guide.run('The node', { ...registration, RUNNER_ID: 'node-1' })
    expect((await stat(join(etc, 'runner-secret'))).mode & 0o777).toBe(0o600)
    const NOTIFY_SOCKET = join(ROOT, 'notify')
    const heard = await receiveNotices(NOTIFY_SOCKET)
    const withSecret = await startUnit('runner-proxy', { root: ROOT, env: { ...anyPort, NOTIFY_SOCKET } })
    expect(await tokenFrom('node-1', withSecret)).toMatch(/^ey/)
    const looked = await guide.run('Looking after it', { PROXY: withSecret.ready.control })
    expect(looked).toMatch(/^wid_runner_assignments 1$/m)
    expect(await withSecret.end('SIGTERM')).toBe(0)
    await expect.poll(heard, { timeout: 60_000 }).toEqual(['READY=1', 'STOPPING=1'])

    const byCertificate = [
      { RUNNER_ID: 'racks/eu-1+7', heading: 'Signing the request', name: /URI:wid:runner:racks%2Feu-1%2B7/ },
      { RUNNER_ID: 'node-2.example', heading: 'Signing it for a host name', name: /DNS:node-2\.example/ },
    ]
    for (const { RUNNER_ID, heading, name } of byCertificate) {
      await guide.run('The node', { ...registration, RUNNER_ID })
      await rm(join(etc, 'runner-secret'))
      await guide.run(heading, { ...places, RUNNER_ID })
      const shown = await guide.run('Looking at a certificate', places)
      expect(shown).toMatch(/runner\.pem: OK/)
      expect(shown).toMatch(name)
      for (const file of ['runner.pem', 'runner.key']) {
        await copyFile(join(places.NODE_DIR, file), join(etc, file))
      }
      const dropIns = ['runner-certificate.conf']
      const proxy = await startUnit('runner-proxy', { root: ROOT, dropIns, env: anyPort })
      expect(await tokenFrom(RUNNER_ID, proxy)).toMatch(/^ey/)
      await proxy.end('SIGTERM')
    }
  })

  it('keeps the keys of authority and node from others', async () => {
    const { CA_DIR, NODE_DIR } = await makeAuthorityAndKey(await createFolder())
    for (const key of [join(CA_DIR, 'ca.key'), join(NODE_DIR, 'runner.key')]) {
      expect((await stat(key)).mode & 0o777).toBe(0o600)
    }
    const text = execFileSync('openssl', ['x509', '-in', join(CA_DIR, 'ca.pem'), '-noout', '-text'])
    expect(String(text)).toMatch(/CA:TRUE/)
  })
})
