import {
  redisCli,
  startRedisCluster,
  startRedisReplica,
  startRedisSentinels,
  type RedisProcess,
} from '@workload-identity/driver-redis/testing'
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { IssuerProcess } from './issuer-process.ts'
import { createReplicasOn, startTestRedis } from './redis-replicas.ts'
import { sendRequest } from './send-request.ts'

const sandbox = { sandbox_id: 'billing-7f9c', app: 'billing' }
const heal = { timeout: 30_000, interval: 100 }

function endAfterTest(servers: readonly RedisProcess[]): void {
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.stop()))
  })
}

function toUrl(servers: readonly RedisProcess[], kind: string): string {
  const [first = '', ...others] = servers.map(({ host, port }) => `${host}:${port}`)
  return `redis://${first}?${[kind, ...others.map((node) => `node=${node}`)].join('&')}`
}

async function fetchJwks(issuer: IssuerProcess): Promise<JSONWebKeySet> {
  return (await sendRequest(issuer.ready.public, '/.well-known/jwks.json')).json as JSONWebKeySet
}

/** Mints on every issuer until it is stopped, and keeps the tokens and every status. */
function mintAllTheTime(issuers: readonly IssuerProcess[], secret: string) {
  const [tokens, statuses] = [new Array<string>(), new Set<number>()]
  let isStopped = false
  const mint = async (issuer: IssuerProcess) => {
    while (!isStopped) {
      const { status, json } = await issuer.mint(secret)
      statuses.add(status)
      if (status === 200) tokens.push((json as { value: string }).value)
    }
  }
  const running = Promise.all(issuers.map(mint))
  return {
    async stop() {
      isStopped = true
      await running
      return { tokens, statuses }
    },
  }
}

/** Every issuer is ready, takes changes, mints for whoever was registered before, and publishes the same keys. */
async function expectHealed(
  issuers: readonly IssuerProcess[],
  { secret, jwks }: { readonly secret: string; readonly jwks: JSONWebKeySet },
): Promise<void> {
  for (const [index, issuer] of issuers.entries()) {
    await expect.poll(async () => (await sendRequest(issuer.ready.control, '/readyz')).status, heal).toBe(200)
    const later = { sandbox_id: `later-${index}`, app: 'billing' }
    const register = () => issuer.control('/v1/sandboxes', { method: 'POST', json: later })
    // An attempt whose answer got lost may have been made.
    await expect.poll(async () => [201, 409].includes((await register()).status), heal).toBe(true)
    await expect.poll(async () => (await issuer.mint(secret)).status, heal).toBe(200)
    expect(await fetchJwks(issuer)).toEqual(jwks)
  }
}

/** What must hold of everything that was minted while `trouble` came and went. */
async function expectNothingLost(
  issuers: readonly IssuerProcess[],
  trouble: (state: { readonly secret: string; readonly jwks: JSONWebKeySet }) => Promise<void>,
): Promise<void> {
  const [first] = issuers
  if (first === undefined) throw new TypeError('there are no issuers')
  const { secret } = await first.register(sandbox)
  for (const issuer of issuers) expect((await issuer.mint(secret)).status).toBe(200)
  const jwks = await fetchJwks(first)
  const load = mintAllTheTime(issuers, secret)
  await trouble({ secret, jwks })
  await expectHealed(issuers, { secret, jwks })
  const { tokens, statuses } = await load.stop()
  expect([...statuses].filter((status) => ![200, 503].includes(status))).toEqual([])
  expect(tokens.length).toBeGreaterThan(0)
  for (const issuer of issuers) {
    const keys = createLocalJWKSet(await fetchJwks(issuer))
    for (const token of tokens) await jwtVerify(token, keys)
  }
}

describe('issuers on Redis with Sentinel', { timeout: 120_000 }, () => {
  it('follow a failover without a restart: no key is lost, no live sandbox refused', async () => {
    const primary = await startTestRedis()
    const replica = await startRedisReplica(primary)
    endAfterTest([replica])
    const sentinels = await startRedisSentinels(primary, { name: 'main', count: 3 })
    endAfterTest(sentinels)
    const { start } = await createReplicasOn(toUrl(sentinels, 'sentinel=main'))
    const issuers = await Promise.all([start(), start()])
    await expectNothingLost(issuers, async ({ jwks }) => {
      await primary.kill()
      expect(await fetchJwks(issuers[0])).toEqual(jwks)
      await expect.poll(() => redisCli(replica, 'ROLE'), heal).toContain('master')
    })
  })
})

describe('an issuer on a Redis Cluster', { timeout: 120_000 }, () => {
  it('outlives the loss of the node that holds the ring: no key is lost, no live sandbox refused', async () => {
    const nodes = await startRedisCluster(3)
    endAfterTest(nodes)
    const { start } = await createReplicasOn(toUrl(nodes.slice(0, 2), 'cluster'))
    const issuer = await start()
    const answers = await Promise.all(
      nodes.map((node) => redisCli(node, 'EXISTS', 'wid:{default}:registry_id')),
    )
    const owner = nodes[answers.indexOf('1')]
    if (owner === undefined) throw new Error(`no node holds the ring: ${answers.join()}`)
    await expectNothingLost([issuer], async ({ secret, jwks }) => {
      await owner.kill()
      await expect
        .poll(async () => (await sendRequest(issuer.ready.control, '/readyz')).status, heal)
        .toBe(503)
      expect((await issuer.mint(secret)).status).toBe(200)
      expect(await fetchJwks(issuer)).toEqual(jwks)
      await owner.restart()
    })
  })
})
