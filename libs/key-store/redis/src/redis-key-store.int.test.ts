import { randomUUID } from 'node:crypto'
import { keyStoreContract, toThrowWithCode } from '@workload-identity/contracts'
import type { KeyStore } from '@workload-identity/core'
import { createRedisClient, type RedisClient } from '@workload-identity/driver-redis'
import {
  readServerFiles,
  redisCli,
  startRedisServer,
  type RedisProcess,
} from '@workload-identity/driver-redis/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createRedisKeyStore } from './redis-key-store.ts'

expect.extend({ toThrowWithCode })

let server: RedisProcess
let clients: RedisClient[] = []

beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(async () => {
  await server.stop()
})
afterEach(closeClients)

async function closeClients(): Promise<void> {
  await Promise.all(clients.map((client) => client.close()))
  clients = []
}

async function openClient(): Promise<RedisClient> {
  const client = createRedisClient({ address: { kind: 'single', server, db: 0, tls: false } })
  clients.push(client)
  await client.connect()
  return client
}

async function open(clusterId: string): Promise<KeyStore> {
  return createRedisKeyStore({ client: await openClient(), clusterId })
}

keyStoreContract('redis', async () => {
  const clusterId = randomUUID()
  return {
    open: () => open(clusterId),
    readRaw: () => readServerFiles(server),
    makeUnavailable: closeClients,
    destroy: closeClients,
  }
})

describe('createRedisKeyStore', () => {
  it('keeps the ring as a hash under wid:{<cluster_id>}:, and nothing else', async () => {
    await redisCli(server, 'FLUSHALL')
    await (await open('prod/eu')).save({ generation: 7, write_id: 'w', document: '{}' }, undefined)
    expect(await redisCli(server, 'KEYS', '*')).toBe('wid:{prod/eu}:ring')
    expect(await redisCli(server, 'HGETALL', 'wid:{prod/eu}:ring')).toBe(
      ['generation', '7', 'write_id', 'w', 'document', '{}'].join('\n'),
    )
  })

  it('keeps the rings of two clusters and of two prefixes on one Redis apart', async () => {
    const client = await openClient()
    const stores = [
      createRedisKeyStore({ client, clusterId: 'a' }),
      createRedisKeyStore({ client, clusterId: 'b' }),
      createRedisKeyStore({ client, clusterId: 'a', prefix: 'other:' }),
    ]
    for (const [index, store] of stores.entries()) {
      await store.save({ generation: index + 1, write_id: 'w', document: '{}' }, undefined)
    }
    const loaded = await Promise.all(stores.map((store) => store.load()))
    expect(loaded.map((ring) => ring?.generation)).toStrictEqual([1, 2, 3])
  })

  it.each([
    ['without a document', ['HSET', 'generation', '1', 'write_id', 'w']],
    ['with fields of somebody else only', ['HSET', 'name', 'value']],
    ['with generation 0', ['HSET', 'generation', '0', 'write_id', 'w', 'document', '{}']],
    ['with a generation that is no number', ['HSET', 'generation', '1e3', 'write_id', 'w', 'document', '{}']],
    [
      'with a generation above 2^53',
      ['HSET', 'generation', '9007199254740992', 'write_id', 'w', 'document', ''],
    ],
    ['that is a text', ['SET', 'text']],
  ])('rejects load of a ring %s with ERR_STORE_CORRUPT', async (_name, [command = '', ...values]) => {
    const clusterId = randomUUID()
    await redisCli(server, command, `wid:{${clusterId}}:ring`, ...values)
    await expect((await open(clusterId)).load()).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('does not save a first ring over one that cannot be read', async () => {
    const clusterId = randomUUID()
    await redisCli(server, 'HSET', `wid:{${clusterId}}:ring`, 'generation', '1')
    const save = (await open(clusterId)).save({ generation: 1, write_id: 'w', document: '{}' }, undefined)
    await expect(save).rejects.toThrowWithCode('ERR_STORE_CONFLICT')
    expect(await redisCli(server, 'HGETALL', `wid:{${clusterId}}:ring`)).toBe('generation\n1')
  })

  it('answers undefined after FLUSHALL: what a flush means is not decided here', async () => {
    const store = await open(randomUUID())
    await store.save({ generation: 1, write_id: 'w', document: '{}' }, undefined)
    await redisCli(server, 'FLUSHALL')
    expect(await store.load()).toBeUndefined()
  })

  it('saves after SCRIPT FLUSH', async () => {
    const store = await open(randomUUID())
    await store.save({ generation: 1, write_id: 'w', document: '{}' }, undefined)
    await redisCli(server, 'SCRIPT', 'FLUSH')
    await store.save({ generation: 2, write_id: 'v', document: '{}' }, { generation: 1, write_id: 'w' })
    expect((await store.load())?.generation).toBe(2)
  })

  it.each(['a{b', 'a}b', '', 'a:b'])('refuses the cluster ID %j with a TypeError', async (clusterId) => {
    const client = await openClient()
    expect(() => createRedisKeyStore({ client, clusterId })).toThrow(TypeError)
  })
})
