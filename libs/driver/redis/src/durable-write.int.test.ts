import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { addressOf, createTestClient, tryGet, tryPut } from './client.testing.ts'
import { redisCli, startRedisReplica, startRedisServer, type RedisProcess } from './testing/index.ts'

let primary: RedisProcess
let replica: RedisProcess
beforeAll(async () => {
  primary = await startRedisServer()
  replica = await startRedisReplica(primary)
})
afterAll(async () => {
  await replica.stop()
  await primary.stop()
})

const heal = { timeout: 8000, interval: 50 }

describe('writeDurably', () => {
  it('resolves when the replica has the write', async () => {
    const client = createTestClient(addressOf(primary), { commandTimeoutMs: 5000, replicaTimeoutMs: 4000 })
    await client.connect()
    for (const value of ['1', '2']) {
      expect(await tryPut(client, 'key', value)).toBe(value)
      expect(await redisCli(replica, 'GET', 'key')).toBe(value)
    }
  })

  it('rejects with ERR_STORE_UNAVAILABLE while the replica is stopped, reads go on, and it heals', async () => {
    const client = createTestClient(addressOf(primary), { commandTimeoutMs: 8000, replicaTimeoutMs: 2000 })
    await client.connect()
    await expect.poll(() => tryPut(client, 'key', 'before'), heal).toBe('before')
    replica.pause()
    const settled: string[] = []
    const write = tryPut(client, 'key', 'during').finally(() => settled.push('write'))
    // A read is not kept waiting behind the write.
    await tryGet(client, 'key').finally(() => settled.push('read'))
    expect(settled).toStrictEqual(['read'])
    expect(await write).toBe('ERR_STORE_UNAVAILABLE')
    replica.resume()
    await expect.poll(() => tryPut(client, 'key', 'after'), heal).toBe('after')
  })

  it('rejects with ERR_STORE_UNAVAILABLE on the first write of a new connection, too', async () => {
    const client = createTestClient(addressOf(primary))
    await client.connect()
    replica.pause()
    expect(await tryPut(client, 'key', 'first')).toBe('ERR_STORE_UNAVAILABLE')
    replica.resume()
  })

  it('goes on refusing writes when the replica it saw is gone, until the connection is a new one', async () => {
    const client = createTestClient(addressOf(primary))
    await client.connect()
    await expect.poll(() => tryPut(client, 'key', 'with'), heal).toBe('with')
    await replica.kill()
    expect(await tryPut(client, 'key', 'without')).toBe('ERR_STORE_UNAVAILABLE')
    await redisCli(primary, 'CLIENT', 'KILL', 'TYPE', 'normal')
    await expect.poll(() => tryPut(client, 'key', 'accepted'), heal).toBe('accepted')
    await replica.restart()
  })

  it('waits for a replica that came after the connection was made', async () => {
    const lone = await startRedisServer()
    onTestFinished(() => lone.stop())
    const client = createTestClient(addressOf(lone))
    await client.connect()
    expect(await tryPut(client, 'key', 'alone')).toBe('alone')
    const late = await startRedisReplica(lone)
    onTestFinished(() => late.stop())
    late.pause()
    expect(await tryPut(client, 'key', 'late')).toBe('ERR_STORE_UNAVAILABLE')
  })

  it('rejects a write to a replica with ERR_STORE_UNAVAILABLE', async () => {
    const client = createTestClient(addressOf(replica))
    await client.connect()
    expect(await tryPut(client, 'key', 'value')).toBe('ERR_STORE_UNAVAILABLE')
  })
})
