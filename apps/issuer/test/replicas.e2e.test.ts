import { decodeKeyRing, encodeKeyRing, nextGeneration } from '@workload-identity/core'
import { createRedisClient, parseRedisUrl } from '@workload-identity/driver-redis'
import { createRedisKeyStore } from '@workload-identity/key-store-redis'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { IssuerProcess } from './issuer-process.ts'
import { createReplicas } from './redis-replicas.ts'
import { sendRequest } from './send-request.ts'

const sandbox = { sandbox_id: 'billing-7f9c', app: 'billing' }
const unknownSecret = 'wis_nobody-has-this-one'
const heal = { timeout: 15_000, interval: 50 }

async function fetchJwks(issuer: IssuerProcess): Promise<JSONWebKeySet> {
  return (await sendRequest(issuer.ready.public, '/.well-known/jwks.json')).json as JSONWebKeySet
}

async function statusOf(issuer: IssuerProcess, path: string): Promise<number> {
  return (await sendRequest(issuer.ready.control, path)).status
}

async function metric(issuer: IssuerProcess, name: string): Promise<number> {
  const { text } = await sendRequest(issuer.ready.control, '/metrics')
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1] ?? Number.NaN,
  )
}

/** What holds while the store is away, however it is away. */
async function expectOutage(issuer: IssuerProcess, knownSecret: string): Promise<void> {
  expect((await fetchJwks(issuer)).keys).toHaveLength(1)
  expect((await sendRequest(issuer.ready.public, '/.well-known/openid-configuration')).status).toBe(200)
  const minted = await issuer.mint(knownSecret)
  expect(minted.status).toBe(200)
  const keys = createLocalJWKSet(await fetchJwks(issuer))
  await jwtVerify((minted.json as { value: string }).value, keys)
  const unknown = await issuer.mint(unknownSecret)
  expect(unknown.status).toBe(503)
  expect(Number(unknown.headers['retry-after'])).toBeGreaterThan(0)
  const refused = await issuer.control('/v1/sandboxes', {
    method: 'POST',
    json: { sandbox_id: 'sb-2', app: 'a' },
  })
  expect(refused.status).toBe(503)
  expect(await statusOf(issuer, '/livez')).toBe(200)
  expect(await statusOf(issuer, '/readyz')).toBe(503)
}

describe('replicas of an issuer on one Redis', { timeout: 60_000 }, () => {
  it('make one key when several start at once on an empty store', async () => {
    const { start } = await createReplicas()
    for (let round = 1; round <= 3; round += 1) {
      const flags = [`--redis-prefix=round-${round}:`]
      const replicas = await Promise.all([start(flags), start(flags), start(flags)])
      const published = await Promise.all(replicas.map(fetchJwks))
      expect(published[0]?.keys).toHaveLength(1)
      for (const jwks of published) expect(jwks).toEqual(published[0])
      await Promise.all(replicas.map((replica) => replica.stop()))
    }
  })

  it('know at once what another one registered, and mint tokens that any of them publishes the key of', async () => {
    const { start } = await createReplicas()
    const [a, b] = await Promise.all([start(), start()])
    const { secret } = await a.register(sandbox)
    const answer = await b.mint(secret)
    expect(answer.status).toBe(200)
    const { payload } = await jwtVerify(
      (answer.json as { value: string }).value,
      createLocalJWKSet(await fetchJwks(a)),
    )
    expect(payload).toMatchObject({ sandbox_id: 'billing-7f9c', iss: a.issuerUrl })
  })

  it('refuse a sandbox that another one ended within 2 seconds, and the one that ended it at once', async () => {
    const { start } = await createReplicas()
    const [a, b] = await Promise.all([start(), start()])
    const { secret } = await a.register(sandbox)
    for (const replica of [a, b]) expect((await replica.mint(secret)).status).toBe(200)

    expect((await a.control(`/v1/sandboxes/${sandbox.sandbox_id}`, { method: 'DELETE' })).status).toBe(204)
    const endedAt = performance.now()
    expect((await a.mint(secret)).status).toBe(403)
    let lastAcceptedAfter = 0
    for (;;) {
      const asked = performance.now() - endedAt
      const { status } = await b.mint(secret)
      if (status === 403) break
      expect(status).toBe(200)
      lastAcceptedAfter = asked
    }
    expect(lastAcceptedAfter).toBeLessThan(2000)
    expect(await metric(b, 'wid_sandboxes_found_total{from="cache"}')).toBeGreaterThan(0)
  })

  it('take over a ring that another one saved', async () => {
    const { start, storeUrl } = await createReplicas()
    const issuer = await start()
    const client = createRedisClient(parseRedisUrl(storeUrl))
    onTestFinished(() => client.close())
    await client.connect()
    const keyStore = createRedisKeyStore({ client, clusterId: 'default' })
    const stored = await keyStore.load()
    const ring = nextGeneration(decodeKeyRing(stored?.document ?? ''), crypto.randomUUID())
    const { generation, write_id } = ring
    await keyStore.save({ generation, write_id, document: encodeKeyRing(ring) }, stored)
    await expect.poll(() => metric(issuer, 'wid_key_ring_generation'), heal).toBe(2)
  })

  it('of two clusters do not touch each other', async () => {
    const { start } = await createReplicas()
    const [one, two] = await Promise.all([start(['--cluster-id=one']), start(['--cluster-id=two'])])
    const { secret } = await one.register(sandbox)
    expect((await two.mint(secret)).status).toBe(403)
    expect((await two.register(sandbox)).secret).not.toBe(secret)
    expect(await fetchJwks(one)).not.toEqual(await fetchJwks(two))
  })
})

describe('an issuer whose Redis is away', { timeout: 60_000 }, () => {
  it.each([
    ['is killed', 'kill', 'restart'],
    ['hangs', 'pause', 'resume'],
  ] as const)(
    'goes on for who it knows when Redis %s, and heals without a restart',
    async (_, away, back) => {
      const { start, redis } = await createReplicas()
      const issuer = await start()
      const { secret } = await issuer.register(sandbox)
      expect((await issuer.mint(secret)).status).toBe(200)

      await redis[away]()
      // Longer than a record counts without an outage.
      await expect.poll(() => metric(issuer, 'wid_key_ring_read_age_seconds'), heal).toBeGreaterThan(2)
      await expectOutage(issuer, secret)
      expect(await metric(issuer, 'wid_sandboxes_found_total{from="outage"}')).toBeGreaterThan(0)

      await redis[back]()
      await expect.poll(() => statusOf(issuer, '/readyz'), heal).toBe(200)
      await expect.poll(async () => (await issuer.mint(unknownSecret)).status, heal).toBe(403)
      expect((await issuer.mint(secret)).status).toBe(200)
      await expect
        .poll(
          async () =>
            (
              await issuer.control('/v1/sandboxes', {
                method: 'POST',
                json: { ...sandbox, sandbox_id: 'later' },
              })
            ).status,
          heal,
        )
        .toBe(201)
    },
  )

  it('keeps no request waiting while Redis hangs, after it was noticed', async () => {
    const { start, redis } = await createReplicas()
    const issuer = await start()
    redis.pause()
    await expect.poll(() => statusOf(issuer, '/readyz'), heal).toBe(503)
    const begun = performance.now()
    const answers = await Promise.all(Array.from({ length: 50 }, () => issuer.mint(unknownSecret)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(performance.now() - begun).toBeLessThan(4000)
    redis.resume()
  })

  it.each(['before the outage', 'during the outage'])(
    'mints for nobody it was told to end %s',
    async (moment) => {
      const { start, redis } = await createReplicas()
      const issuer = await start()
      const { secret } = await issuer.register(sandbox)
      expect((await issuer.mint(secret)).status).toBe(200)
      const end = () => issuer.control(`/v1/sandboxes/${sandbox.sandbox_id}`, { method: 'DELETE' })
      if (moment === 'before the outage') expect((await end()).status).toBe(204)
      await redis.kill()
      if (moment === 'during the outage') expect((await end()).status).toBe(503)
      expect((await issuer.mint(secret)).status).toBe(503)
    },
  )

  it('stops signing after --store-lag, and says so where it is asked', async () => {
    const { start, redis } = await createReplicas()
    const issuer = await start(['--store-lag=4s'])
    const { secret } = await issuer.register(sandbox)
    expect((await issuer.mint(secret)).status).toBe(200)
    await redis.kill()
    expect((await issuer.mint(secret)).status).toBe(200)
    await expect.poll(async () => (await issuer.mint(secret)).status, heal).toBe(503)
    await expect.poll(() => metric(issuer, 'wid_key_ring_fresh'), heal).toBe(0)
    const jwks = await sendRequest(issuer.ready.public, '/.well-known/jwks.json')
    expect([jwks.status, jwks.headers['cache-control']]).toEqual([200, expect.stringContaining('max-age=60')])
    expect((await sendRequest(issuer.ready.control, '/readyz')).text).toMatch(/signing has stopped/)
    await redis.restart()
    await expect.poll(async () => (await issuer.mint(secret)).status, heal).toBe(200)
  })

  it('stops with code 0 when it is told to', async () => {
    const { start, redis } = await createReplicas()
    const [a, b] = await Promise.all([start(), start()])
    await redis.kill()
    expect(await a.stop()).toBe(0)
    await redis.restart()
    redis.pause()
    expect(await b.stop()).toBe(0)
  })
})
