import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createTestClient, tryPut } from './client.testing.ts'
import { watchFailovers } from './failover-watch.ts'
import { resolveRedisOptions } from './redis-options.ts'
import {
  redisCli,
  startRedisReplica,
  startRedisSentinels,
  startRedisServer,
  type RedisProcess,
} from './testing/index.ts'

let primary: RedisProcess
let replica: RedisProcess
let sentinels: readonly RedisProcess[]
beforeAll(async () => {
  primary = await startRedisServer()
  replica = await startRedisReplica(primary)
  sentinels = await startRedisSentinels(primary, { name: 'main', count: 3 })
})
afterAll(async () => {
  await Promise.all([...sentinels, primary, replica].map((server) => server.stop()))
})

const address = () => ({ kind: 'sentinel', sentinels, name: 'main', db: 0, tls: false }) as const
const heal = { timeout: 30_000, interval: 50 }

async function primaryPorts(): Promise<readonly string[]> {
  const told = await Promise.all(
    sentinels.map((sentinel) => redisCli(sentinel, 'SENTINEL', 'get-master-addr-by-name', 'main')),
  )
  return told.map((text) => text.split('\n')[1] ?? '')
}

describe('createRedisClient with Sentinel', { timeout: 60_000 }, () => {
  it('leaves a primary that was silent while another was chosen, before it takes writes that get lost', async () => {
    const client = createTestClient(address())
    await client.connect()
    primary.pause()
    const chosen = String(replica.port)
    await expect.poll(primaryPorts, heal).toEqual([chosen, chosen, chosen])
    // For some seconds it believes that it is the primary, and has no replica that would have to confirm.
    primary.resume()
    await expect.poll(() => tryPut(client, 'key', 'kept'), heal).toBe('kept')
    expect(await redisCli(replica, 'GET', 'key')).toBe('kept')
  })
})

describe('watchFailovers', () => {
  it('tells of every new primary of its own name, also after it lost the sentinel', async () => {
    const seen: unknown[] = []
    const [sentinel] = [await startRedisServer()]
    const watch = watchFailovers(
      resolveRedisOptions({ address: address() }),
      { sentinels: [sentinel], name: 'main' },
      (told) => seen.push(told),
    )
    onTestFinished(async () => {
      await watch.close()
      await sentinel.stop()
    })
    watch.start()
    const announce = async (name: string) =>
      redisCli(sentinel, 'PUBLISH', '+switch-master', `${name} 127.0.0.1 7001 127.0.0.1 7002`)
    await expect.poll(() => announce('other'), heal).toBe('1')
    await announce('main')
    await expect.poll(() => seen, heal).toEqual([{ host: '127.0.0.1', port: 7002 }])
    await sentinel.kill()
    await sentinel.restart()
    await expect.poll(() => announce('main'), heal).toBe('1')
    await expect.poll(() => seen.length, heal).toBe(2)
  })
})
