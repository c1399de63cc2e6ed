import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestClient, tryGet, tryPut } from './client.testing.ts'
import {
  redisCli,
  startRedisReplica,
  startRedisSentinels,
  startRedisServer,
  type RedisProcess,
} from './testing/index.ts'

let primary: RedisProcess
let replica: RedisProcess
let successorsReplica: RedisProcess | undefined
let sentinels: readonly RedisProcess[]
beforeAll(async () => {
  primary = await startRedisServer()
  replica = await startRedisReplica(primary)
  sentinels = await startRedisSentinels(primary, { name: 'main', count: 3 })
})
afterAll(async () => {
  const servers = [...sentinels, primary, replica]
  if (successorsReplica !== undefined) servers.push(successorsReplica)
  await Promise.all(servers.map((server) => server.stop()))
})

const address = () => ({ kind: 'sentinel', sentinels, name: 'main', db: 0, tls: false }) as const
const heal = { timeout: 18_000, interval: 100 }

describe('createRedisClient with Sentinel', () => {
  it('follows the primary to its successor, which has every durable write and no script yet', async () => {
    const client = createTestClient(address())
    await client.connect()
    expect(await tryPut(client, 'key', 'durable')).toBe('durable')
    await primary.kill()
    expect(await tryPut(client, 'key', 'lost')).toBe('ERR_STORE_UNAVAILABLE')
    await expect.poll(() => tryGet(client, 'key'), heal).toBe('durable')
    await expect.poll(() => tryPut(client, 'key', 'after'), heal).toBe('after')
    // A new replica of the new primary is seen without a new connection.
    successorsReplica = await startRedisReplica(replica)
    await expect.poll(() => tryPut(client, 'key', 'replicated'), heal).toBe('replicated')
    expect(await redisCli(successorsReplica, 'GET', 'key')).toBe('replicated')
  })

  it('rejects connect while no sentinel answers, and works when one does', async () => {
    await Promise.all(sentinels.map((sentinel) => sentinel.kill()))
    const client = createTestClient(address())
    await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await tryGet(client, 'key')).toBe('ERR_STORE_UNAVAILABLE')
    await Promise.all(sentinels.map((sentinel) => sentinel.restart()))
    await expect.poll(() => tryGet(client, 'key'), heal).toBe('replicated')
  })
})
