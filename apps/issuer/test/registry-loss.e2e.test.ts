import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hashSecret } from '@workload-identity/core'
import { redisCli, type RedisProcess } from '@workload-identity/driver-redis/testing'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { describe, expect, it } from 'vitest'
import { createTestFolder, startIssuer, type IssuerProcess } from './issuer-process.ts'
import { createReplicas } from './redis-replicas.ts'
import { sendRequest } from './send-request.ts'

const sandbox = { sandbox_id: 'billing-7f9c', app: 'billing' }
const unknownSecret = 'wis_nobody-has-this-one'
const noticed = { timeout: 30_000, interval: 50 }
const path = '/v1/registry/accept-loss'

async function fetchJwks(issuer: IssuerProcess): Promise<string> {
  const answer = await sendRequest(issuer.ready.public, '/.well-known/jwks.json')
  expect(answer.status).toBe(200)
  return answer.text
}

function readiness(issuer: IssuerProcess) {
  return sendRequest(issuer.ready.control, '/readyz')
}

async function registryIdOf(issuer: IssuerProcess): Promise<string> {
  return ((await issuer.control('/v1/issuer')).json as { registry_id: string }).registry_id
}

async function acceptLoss(issuer: IssuerProcess, expected_registry_id: string) {
  return issuer.control(path, { method: 'POST', json: { expected_registry_id } })
}

/** Every issuer refuses with 503, never with 403, as soon as it notices; nothing it publishes changes. */
async function expectLost(
  issuers: readonly IssuerProcess[],
  { secret, jwks }: { readonly secret: string; readonly jwks: string },
): Promise<void> {
  for (const issuer of issuers) {
    const seen = new Set<number>()
    await expect
      .poll(async () => {
        const { status, headers } = await issuer.mint(secret)
        seen.add(status)
        return status === 503 && Number(headers['retry-after']) > 0
      }, noticed)
      .toBe(true)
    expect([...seen].filter((status) => status !== 200)).toEqual([503])
    expect((await issuer.mint(unknownSecret)).status).toBe(503)
    const ready = await readiness(issuer)
    expect([ready.status, ready.text]).toEqual([503, expect.stringContaining('registry: it is lost')])
    expect((await sendRequest(issuer.ready.control, '/livez')).status).toBe(200)
    expect(await fetchJwks(issuer)).toBe(jwks)
  }
}

/** The sandbox is unknown everywhere, until its controller registers it again with the secret it has. */
async function expectRegistersAgain(issuers: readonly IssuerProcess[], secret: string): Promise<void> {
  for (const issuer of issuers) {
    await expect.poll(async () => (await readiness(issuer)).status, noticed).toBe(200)
    await expect.poll(async () => (await issuer.mint(secret)).status, noticed).toBe(403)
  }
  const again = { ...sandbox, secret_sha256: await hashSecret(secret) }
  const registered = await issuers[0]!.control('/v1/sandboxes', { method: 'POST', json: again })
  expect(registered.status).toBe(201)
  expect(registered.json).not.toHaveProperty('secret')
  for (const issuer of issuers) expect((await issuer.mint(secret)).status).toBe(200)
}

/** Everything but the key ring is gone. */
async function flushRegistry(redis: RedisProcess): Promise<void> {
  const script = `for _, pattern in ipairs({'wid:{default:*', 'wid:{default}:registry_id'}) do
    for _, key in ipairs(redis.call('KEYS', pattern)) do redis.call('DEL', key) end end`
  await redisCli(redis, 'EVAL', script, '0')
}

describe('replicas whose Redis lost the registry alone', { timeout: 120_000 }, () => {
  it('answer 503 until an admin accepts the loss on one of them, and then take the sandboxes again', async () => {
    const { start, redis, folder } = await createReplicas()
    const auditLog = join(folder, 'audit.log')
    const [a, b] = await Promise.all([start([`--audit-log=${auditLog}`]), start()])
    const { secret } = await a.register(sandbox)
    const issuers = [a, b] as const
    for (const issuer of issuers) expect((await issuer.mint(secret)).status).toBe(200)
    const jwks = await fetchJwks(a)
    const lost = await registryIdOf(a)
    expect((await acceptLoss(a, lost)).status).toBe(409)

    await flushRegistry(redis)
    await expectLost(issuers, { secret, jwks })

    const outcomes = await Promise.all([acceptLoss(a, lost), acceptLoss(a, lost), acceptLoss(b, lost)])
    expect(outcomes.map(({ status }) => status).sort()).toEqual([200, 409, 409])
    const [accepted] = outcomes.filter(({ status }) => status === 200)
    const { registry_id } = accepted?.json as { registry_id: string }
    expect(accepted?.json).toEqual({ registry_id, lost_registry_id: lost, is_empty: true })
    await expectRegistersAgain(issuers, secret)
    for (const issuer of issuers) {
      expect(await registryIdOf(issuer)).toBe(registry_id)
      expect(await fetchJwks(issuer)).toBe(jwks)
    }

    const told = [a, b].flatMap((issuer) => issuer.logLines())
    const facts = { action: 'registry.accept_loss', actor: 'admin', outcome: 'done' }
    expect(told).toContainEqual(
      expect.objectContaining({ ...facts, registry_id, lost_registry_id: lost, msg: 'admin action' }),
    )
    expect(told.filter(({ msg }) => String(msg).startsWith('an admin accepted'))).toHaveLength(1)
    const audited = (await readFile(auditLog, 'utf8')).trim().split('\n')
    expect(audited.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ event: 'admin_action', action: 'registry.accept_loss' }),
    )
  })
})

/** How each engine loses the registry and keeps the ring. */
const engines = [
  {
    engine: 'sqlite',
    storeOf: (folder: string) => `sqlite:${join(folder, 'issuer.db')}`,
    async lose(folder: string) {
      const database = openDatabase({ path: join(folder, 'issuer.db') })
      database.exec('DELETE FROM registry; DELETE FROM sandboxes')
      database.close()
    },
  },
  {
    engine: 'file',
    storeOf: (folder: string) => `file:${join(folder, 'store')}`,
    async lose(folder: string) {
      for (const name of ['registry-id', 'sandboxes', 'sandbox-secrets']) {
        await rm(join(folder, 'store', name), { recursive: true })
      }
    },
  },
] as const

describe('an issuer whose store lost the registry alone', { timeout: 120_000 }, () => {
  it.each(engines)(
    'on $engine answers 503, also after a restart, until an admin accepts the loss',
    async ({ storeOf, lose }) => {
      const folder = await createTestFolder()
      const flags = [`--store=${storeOf(folder)}`]
      const first = await startIssuer({ folder, flags })
      const { secret } = await first.register(sandbox)
      const jwks = await fetchJwks(first)
      const lost = await registryIdOf(first)
      await lose(folder)
      await expectLost([first], { secret, jwks })
      await first.stop()

      const issuer = await startIssuer({ folder, flags, issuerUrl: first.issuerUrl })
      expect(issuer.logLines().map(({ msg }) => String(msg))).toContainEqual(
        expect.stringContaining('the registry is lost'),
      )
      await expectLost([issuer], { secret, jwks })
      expect((await acceptLoss(issuer, lost)).status).toBe(200)
      await expectRegistersAgain([issuer], secret)
      expect(await fetchJwks(issuer)).toBe(jwks)
    },
  )
})
