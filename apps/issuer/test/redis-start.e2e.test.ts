import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, redisCli } from '@workload-identity/driver-redis/testing'
import { describe, expect, it } from 'vitest'
import { runIssuer, type FinishedProcess } from './issuer-process.ts'
import { createReplicaFolder, createReplicas, startTestRedis, type Replicas } from './redis-replicas.ts'
import { createTestCertificates } from './test-certificates.ts'

const password = 'hunter2-%/:@-é'
const least = [
  ...['+hello', '+auth', '+ping', '+select', '+@hash', '+@sortedset', '+@string', '+del', '+exists', '+eval'],
  ...[
    '+evalsha',
    '+publish',
    '+subscribe',
    '+unsubscribe',
    '+info',
    '+wait',
    '+cluster|slots',
    '+cluster|info',
  ],
]
const itsKeys = ['~wid:{default}:*', '~wid:{default:*', '&wid:{default}:*']

const anyPorts = ['public', 'token', 'control'].map((name) => `--${name}-listen=127.0.0.1:0`)

function run({ folder, flags, storeUrl }: Replicas, more: readonly string[] = []): Promise<FinishedProcess> {
  return runIssuer({ folder, flags: [...flags, `--store=${storeUrl}`, ...more] })
}

function expectRefusal({ exitCode, stdout, stderr }: FinishedProcess, code: number, sentence: RegExp): void {
  expect(stderr).toMatch(sentence)
  expect(stderr).not.toMatch(/^\s+at /m)
  expect(stdout).not.toContain('"ready"')
  expect(stdout + stderr).not.toContain('hunter')
  expect(exitCode).toBe(code)
}

async function writePassword(folder: string, text: string): Promise<string> {
  const path = join(folder, 'redis-password')
  await writeFile(path, `${text}\n`, { mode: 0o600 })
  return `--redis-password-file=${path}`
}

describe('a start on Redis', { timeout: 60_000 }, () => {
  it('is refused when Redis cannot be reached, and says why', async () => {
    const folder = await createReplicaFolder()
    const store = `--store=redis://127.0.0.1:${await freePort()}`
    expectRefusal(
      await runIssuer({ folder, flags: [store, ...anyPorts] }),
      1,
      /cannot be reached.*ECONNREFUSED.*ERR_STORE_UNAVAILABLE/,
    )
  })

  it('is refused with the wrong password and without one, and never shows it', async () => {
    const replicas = await createReplicas({ settings: ['--requirepass', password] })
    expectRefusal(await run(replicas), 1, /it wants a password/)
    const wrong = await writePassword(replicas.folder, 'hunter3')
    expectRefusal(await run(replicas, [wrong]), 1, /it refuses user and password/)
    const inUrl = { WID_STORE: replicas.storeUrl.replace('//', '//:hunter3@') }
    const { folder, flags } = replicas
    const finished = await runIssuer({
      flags: [
        ...flags,
        ...['--issuer-url=http://127.0.0.1:8080', `--admin-token-file=${folder}/admin-token`, ...anyPorts],
      ],
      env: inUrl,
    })
    expectRefusal(finished, 1, /it refuses user and password/)
  })

  it.each(['a file', 'the environment'])(
    'takes a password from %s and says it nowhere, in outages neither',
    async (where) => {
      const replicas = await createReplicas({ settings: ['--requirepass', password] })
      const fromFile = [await writePassword(replicas.folder, password), '--log-level=trace']
      const encoded = replicas.storeUrl.replace('//', `//:${encodeURIComponent(password)}@`)
      const issuer =
        where === 'a file'
          ? await replicas.start(fromFile)
          : await replicas.start(['--log-level=trace'], { WID_STORE: encoded })
      await issuer.register({ sandbox_id: 'sb-1', app: 'a' })
      await replicas.redis.kill()
      await issuer.waitForLog(({ msg }) => String(msg).includes('cannot be read'))
      await issuer.control('/v1/sandboxes')
      await issuer.stop()
      expect(issuer.output()).not.toContain('hunter2')
    },
  )

  it('is refused when Redis may delete keys, unless that is allowed', async () => {
    const replicas = await createReplicas({ settings: ['--maxmemory-policy', 'allkeys-lru'] })
    expectRefusal(
      await run(replicas),
      1,
      /maxmemory-policy allkeys-lru.*set maxmemory-policy noeviction.*--allow-volatile-store/,
    )
    const issuer = await replicas.start(['--allow-volatile-store'])
    expect(issuer.logLines()).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        finding: 'eviction',
        severity: 'refuse',
        cure: expect.stringContaining('noeviction'),
      }),
    )
  })

  it('warns of a Redis that forgets at a restart', async () => {
    const { start } = await createReplicas({ settings: ['--appendonly', 'no'] })
    expect((await start()).logLines()).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        finding: 'persistence',
        msg: expect.stringContaining('a restart loses keys and registry'),
        cure: 'set appendonly yes and appendfsync always',
      }),
    )
  })

  it.each([
    ['finds nothing amiss', ['+config|get'], []],
    ['says what it cannot see', [], ['unknown']],
  ])('works with an ACL user of the fewest rights and %s', async (_, more, severities) => {
    const replicas = await createReplicas()
    const rights = ['resetkeys', 'resetchannels', ...itsKeys, '-@all', ...least, ...more]
    await redisCli(replicas.redis, 'ACL', 'SETUSER', 'issuer', 'on', '>hunter2', ...rights)
    const user = `--store=${replicas.storeUrl.replace('//', '//issuer@')}`
    const issuer = await replicas.start([user, await writePassword(replicas.folder, 'hunter2')])
    const { secret } = await issuer.register({ sandbox_id: 'sb-1', app: 'a' })
    expect((await issuer.mint(secret)).status).toBe(200)
    expect(issuer.logLines().flatMap(({ severity }) => (severity === undefined ? [] : [severity]))).toEqual(
      severities,
    )
    expect(issuer.output()).not.toContain('hunter2')
  })

  it('is refused without an admin-token file, and makes none', async () => {
    const replicas = await createReplicas()
    const path = join(replicas.folder, 'admin-token')
    await rm(path)
    expectRefusal(await run(replicas), 78, /admin-token does not exist: make it/)
    expect(existsSync(path)).toBe(false)
  })

  it('reaches it over TLS with a CA and a client certificate, and refuses a server it does not trust', async () => {
    const folder = await createReplicaFolder()
    const { caFile, certFile, keyFile } = createTestCertificates(folder)
    const port = await freePort()
    await startTestRedis({
      settings: [
        ...['--tls-port', String(port), '--tls-cert-file', certFile, '--tls-key-file', keyFile],
        ...['--tls-ca-cert-file', caFile, '--tls-auth-clients', 'yes'],
      ],
    })
    const flags = [`--store=rediss://127.0.0.1:${port}`, '--public-listen=127.0.0.1:0', '--require-keys']
    expectRefusal(await runIssuer({ folder, flags }), 1, /certificate/)
    const trusted = [...flags, `--redis-ca=${caFile}`]
    expectRefusal(await runIssuer({ folder, flags: trusted }), 1, /cannot connect/)
    // That far: the store can be read, and is empty.
    const proved = [...trusted, ...makeClientCertificate(folder)]
    expectRefusal(await runIssuer({ folder, flags: proved }), 1, /keys are required/)
  })
})

/** A certificate for clients, of the authority of the folder. */
function makeClientCertificate(folder: string): readonly string[] {
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl('req', ...newKey, '-subj', '/CN=issuer', '-keyout', 'client.key', '-out', 'client.csr')
  writeFileSync(join(folder, 'client.cnf'), 'extendedKeyUsage=clientAuth\n')
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
  openssl('x509', '-req', '-in', 'client.csr', ...signed, '-extfile', 'client.cnf', '-out', 'client.pem')
  return [`--redis-cert=${join(folder, 'client.pem')}`, `--redis-key=${join(folder, 'client.key')}`]
}
