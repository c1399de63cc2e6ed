import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { decodeKeyRing, encodeKeyRing, generateSecret } from '@workload-identity/core'
import { createRedisClient, parseRedisUrl } from '@workload-identity/driver-redis'
import { redisCli, startRedisProcess } from '@workload-identity/driver-redis/testing'
import { createRedisKeyStore } from '@workload-identity/key-store-redis'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { readGuideCommands } from './guide-commands.ts'
import { createTestFolder, findFreePort, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { sendRequest } from './send-request.ts'

const guide = readGuideCommands('backup-and-restore.md')
const execute = promisify(execFile)
const ignore = () => undefined
const CHECKOUT = fileURLToPath(new URL('../../..', import.meta.url))
const heal = { timeout: 30_000, interval: 50 }

/** A folder with a place for one copy, and the variables of the guide that every engine needs. */
async function createPlace() {
  const folder = await createTestFolder()
  const backup = join(folder, 'backup')
  mkdirSync(backup, { mode: 0o700 })
  return { folder, backup, variables: { BACKUP: backup, AUDIT_LOG: join(folder, 'audit-log') } }
}

/** What the audit log says of this second happened before the copy. */
async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000)
  await expect.poll(() => Math.floor(Date.now() / 1000), heal).toBeGreaterThan(second)
}

function register(issuer: IssuerProcess, sandbox_id: string) {
  return issuer.register({ sandbox_id, app: 'billing' })
}

function end(issuer: IssuerProcess, sandbox_id: string) {
  return issuer.control(`/v1/sandboxes/${encodeURIComponent(sandbox_id)}`, { method: 'DELETE' })
}

async function statusOf(issuer: IssuerProcess, secret: string): Promise<number> {
  return (await issuer.mint(secret)).status
}

async function fetchJwks(issuer: IssuerProcess): Promise<string> {
  return (await sendRequest(issuer.ready.public, '/.well-known/jwks.json')).text
}

function modesOf(...paths: readonly string[]): readonly string[] {
  return paths.map((path) => (statSync(path).mode & 0o777).toString(8))
}

describe('backup-and-restore.md', { timeout: 120_000 }, () => {
  afterAll(() => expect(guide.left()).toStrictEqual([]))

  it('restores a database copied under way, and nothing that ended or changed since', async () => {
    const { folder, backup, variables } = await createPlace()
    const flags = [`--audit-log=${variables.AUDIT_LOG}`]
    const issuer = await startIssuer({ folder, flags })
    const [kept, ended, renewed] = await Promise.all(
      ['kept', 'team/ended', 'renewed'].map((id) => register(issuer, id)),
    )
    await nextSecond()
    const env = {
      ...variables,
      CHECKOUT,
      DATABASE: join(folder, 'issuer.db'),
      ADMIN_TOKEN: issuer.adminToken,
    }
    await guide.run('What a backup holds', env)
    expect(await guide.run('Copying a database', env)).toMatch(
      /^\{"integrity_check":"ok"\}\n\{"generation":1,"write_id":"\S+"\}\n\{"sandboxes":3\}\n$/,
    )
    expect(modesOf(join(backup, 'issuer.db'))).toStrictEqual(['600'])

    expect((await end(issuer, 'team/ended')).status).toBe(204)
    await issuer.control('/v1/sandboxes/renewed/secret', { method: 'POST', json: {} })
    const later = await register(issuer, 'later')
    const jwks = await fetchJwks(issuer)
    expect(await issuer.stop()).toBe(0)

    await guide.run('Restoring a database', env)
    const apart = [...flags, `--token-listen=unix:${join(folder, 'restore.sock')}`]
    const restored = await startIssuer({ folder, issuerUrl: issuer.issuerUrl, flags: apart })
    const statuses = () =>
      Promise.all([kept, ended, renewed, later].map((each) => statusOf(restored, each?.secret ?? '')))
    expect(await statuses()).toStrictEqual([200, 200, 200, 403])
    const told = await guide.run('What happened since the copy', { ...env, CONTROL: restored.ready.control })
    expect(told.trim().split('\n').toSorted()).toStrictEqual([
      'ended again: team/ended',
      'to be registered again: later',
      'to be registered again: renewed',
    ])
    expect(await statuses()).toStrictEqual([200, 403, 403, 403])
    const secret_sha256 = createHash('sha256').update(later.secret).digest('hex')
    await restored.register({ sandbox_id: 'later', app: 'billing', secret_sha256 })
    expect(await statusOf(restored, later.secret)).toBe(200)
    expect(await fetchJwks(restored)).toBe(jwks)
  })

  it('restores a folder copied under way in the place of one whose ring is damaged', async () => {
    const { folder, backup, variables } = await createPlace()
    const flags = [`--store=file:${join(folder, 'store')}`]
    const issuer = await startIssuer({ folder, flags })
    const { secret } = await register(issuer, 'billing-7f9c')
    const jwks = await fetchJwks(issuer)
    const env = { ...variables, STORE: join(folder, 'store') }
    const changes = Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        await register(issuer, `passing-${index}`)
        await end(issuer, `passing-${index}`)
      }),
    )
    await guide.run('Copying a folder', env)
    await changes
    expect(await readdir(join(backup, 'store'))).toContain('ring.1')
    expect(modesOf(join(backup, 'store'), join(backup, 'store/ring.1'))).toStrictEqual(['700', '600'])
    expect(await issuer.stop()).toBe(0)
    writeFileSync(join(folder, 'store/ring.1'), 'damaged')

    await guide.run('Restoring a folder', env)
    const restored = await startIssuer({ folder, issuerUrl: issuer.issuerUrl, flags })
    expect(await statusOf(restored, secret)).toBe(200)
    expect(await fetchJwks(restored)).toBe(jwks)
  })

  it('restores a Redis below a running issuer, which writes its newer ring back', async () => {
    const { folder, variables } = await createPlace()
    writeFileSync(join(folder, 'admin-token'), generateSecret('admin'), { mode: 0o600 })
    const redis = await startRedisProcess({
      readyText: 'Ready to accept connections',
      arguments(port, directory) {
        const settings = [`port ${port}`, 'bind 127.0.0.1', `dir ${directory}`, `pidfile ${directory}/pid`]
        const file = join(directory, 'redis.conf')
        writeFileSync(file, [...settings, 'appendonly yes', 'appendfsync always', 'save ""', ''].join('\n'))
        return [file]
      },
    })
    onTestFinished(() => redis.stop())
    const url = `redis://${redis.host}:${redis.port}`
    const env = {
      ...variables,
      REDIS_URL: url,
      REDIS_CONF: join(redis.directory, 'redis.conf'),
      REDIS_DIR: redis.directory,
    }
    const issuerUrl = `http://127.0.0.1:${await findFreePort()}`
    const issuer = await startIssuer({ folder, issuerUrl, flags: [`--store=${url}`] })
    const { secret } = await register(issuer, 'billing-7f9c')
    const copied = await guide.run('Copying a Redis', env)
    expect(copied).toContain('RDB looks OK')

    const client = createRedisClient(parseRedisUrl(url))
    onTestFinished(() => client.close())
    await client.connect()
    const keyStore = createRedisKeyStore({ client, clusterId: 'default' })
    const stored = await keyStore.load()
    if (stored === undefined) throw new Error('there is no stored ring')
    // A save that changes no key, so that the copy holds an older ring.
    const version = { generation: 2, write_id: crypto.randomUUID() }
    const newer = encodeKeyRing({ ...decodeKeyRing(stored.document), ...version })
    await keyStore.save({ ...version, document: newer }, stored)
    const generation = async () =>
      /^wid_key_ring_generation (\d+)$/m.exec((await sendRequest(issuer.ready.control, '/metrics')).text)?.[1]
    await expect.poll(generation, heal).toBe('2')
    const jwks = await fetchJwks(issuer)
    await redisCli(redis, 'FLUSHALL')
    await redis.kill()

    // Left only when a command of the guide failed.
    const socket = join(redis.directory, 'restore.sock')
    onTestFinished(() => execute('redis-cli', ['-s', socket, 'SHUTDOWN', 'NOSAVE']).then(ignore, ignore))
    await guide.run('Restoring a Redis', env)
    await redis.restart()
    await expect.poll(async () => (await keyStore.load().catch(() => undefined))?.generation, heal).toBe(3)
    await expect.poll(() => statusOf(issuer, secret), heal).toBe(200)
    expect(await fetchJwks(issuer)).toBe(jwks)
    const repairs = issuer.logLines().filter(({ outcome }) => outcome === 'wrote-back')
    expect(repairs).toContainEqual(expect.objectContaining({ level: 'error', generation: 3 }))
  })
})
