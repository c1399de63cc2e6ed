import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestClient, tryGet, tryPut } from './client.testing.ts'
import { redisCli, startRedisCluster, type RedisProcess } from './testing/index.ts'

let nodes: readonly RedisProcess[]
beforeAll(async () => {
  nodes = await startRedisCluster(3)
})
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
})

// Slots 15495, 3300, 7365 and 11298, which lie on all three nodes.
const keys = ['a', 'b', 'c', 'd']
const heal = { timeout: 15_000, interval: 100 }
const openClient = async () => {
  // After an outage the nodes have to find each other first.
  for (const node of nodes)
    await expect.poll(() => redisCli(node, 'CLUSTER', 'INFO'), heal).toContain('cluster_state:ok')
  const client = createTestClient({ kind: 'cluster', nodes: nodes.slice(0, 1), tls: false })
  await client.connect()
  return client
}

describe('createRedisClient with a Cluster', () => {
  it('finds every key from one known node', async () => {
    const client = await openClient()
    for (const key of keys) expect(await tryPut(client, key, `value of ${key}`)).toBe(`value of ${key}`)
    for (const key of keys) expect(await tryGet(client, key)).toBe(`value of ${key}`)
    expect((await Promise.all(nodes.map((node) => redisCli(node, 'DBSIZE')))).includes('0')).toBe(false)
  })

  it('follows a slot that moved to another node', async () => {
    const client = await openClient()
    await tryPut(client, 'a', 'before')
    // Without keys in the slot its move is only a matter of who serves it.
    const [from, to] = await ownersOf('a')
    await redisCli(from, 'DEL', 'a')
    const target = await redisCli(to, 'CLUSTER', 'MYID')
    for (const node of [to, from]) await redisCli(node, 'CLUSTER', 'SETSLOT', '15495', 'NODE', target)
    expect(await tryPut(client, 'a', 'after')).toBe('after')
    expect(await tryGet(client, 'a')).toBe('after')
    expect(await redisCli(to, 'GET', 'a')).toBe('after')
  })

  it('asks the node that a slot is moving to for keys that are there already', async () => {
    const client = await openClient()
    await tryPut(client, 'b', 'before')
    const [from, to] = await ownersOf('b')
    await redisCli(from, 'DEL', 'b')
    await redisCli(to, 'CLUSTER', 'SETSLOT', '3300', 'IMPORTING', await redisCli(from, 'CLUSTER', 'MYID'))
    await redisCli(from, 'CLUSTER', 'SETSLOT', '3300', 'MIGRATING', await redisCli(to, 'CLUSTER', 'MYID'))
    expect(await tryPut(client, 'b', 'on the new node')).toBe('on the new node')
    expect(await tryGet(client, 'b')).toBe('on the new node')
    expect(await redisCli(from, 'EXISTS', 'b')).toMatch(/^ASK /)
    const target = await redisCli(to, 'CLUSTER', 'MYID')
    for (const node of [to, from]) await redisCli(node, 'CLUSTER', 'SETSLOT', '3300', 'NODE', target)
  })

  it('rejects for the keys of a lost node within the time limit, and heals when it is back', async () => {
    const client = await openClient()
    await expect.poll(() => tryPut(client, 'd', 'durable'), heal).toBe('durable')
    const [owner] = await ownersOf('d')
    await owner.kill()
    const started = performance.now()
    expect(await tryGet(client, 'd')).toBe('ERR_STORE_UNAVAILABLE')
    expect(performance.now() - started).toBeLessThan(10_000)
    await owner.restart()
    await expect.poll(() => tryGet(client, 'd'), heal).toBe('durable')
    await expect.poll(() => tryPut(client, 'd', 'again'), heal).toBe('again')
  })

  it('rejects within the time limit while a node is stopped, and heals', async () => {
    const client = await openClient()
    await tryPut(client, 'c', 'before')
    const [owner] = await ownersOf('c')
    owner.pause()
    const started = performance.now()
    const outcomes = await Promise.all([tryGet(client, 'c'), tryPut(client, 'c', 'during')])
    expect(outcomes).toStrictEqual(['ERR_STORE_UNAVAILABLE', 'ERR_STORE_UNAVAILABLE'])
    expect(performance.now() - started).toBeLessThan(10_000)
    owner.resume()
    await expect.poll(() => tryPut(client, 'c', 'after'), heal).toBe('after')
  })

  it('can be closed again and again, also when all nodes are away', async () => {
    for (let time = 1; time <= 20; time += 1) {
      const client = await openClient()
      await tryGet(client, 'a')
      await Promise.all([client.close(), client.close()])
      await client.close()
    }
    const client = await openClient()
    await Promise.all(nodes.map((node) => node.kill()))
    expect(await tryGet(client, 'a')).toBe('ERR_STORE_UNAVAILABLE')
    await client.close()
    await Promise.all(nodes.map((node) => node.restart()))
  })

  it('heals after all nodes were killed and started again, its subscription too', async () => {
    const client = await openClient()
    await expect.poll(() => tryPut(client, 'a', 'durable'), heal).toBe('durable')
    let told = 0
    client.subscribe('channel', () => (told += 1))
    await expect.poll(() => publishToAll('channel').then(() => told), heal).toBeGreaterThan(0)
    await Promise.all(nodes.map((node) => node.kill()))
    expect(await tryGet(client, 'a')).toBe('ERR_STORE_UNAVAILABLE')
    await Promise.all(nodes.map((node) => node.restart()))
    await expect.poll(() => tryGet(client, 'a'), heal).toBe('durable')
    told = 0
    await expect.poll(() => publishToAll('channel').then(() => told), heal).toBeGreaterThan(0)
  })

  async function publishToAll(channel: string): Promise<void> {
    await Promise.all(nodes.map((node) => redisCli(node, 'PUBLISH', channel, '')))
  }

  /** The node that has the key's slot, then one that has not. */
  async function ownersOf(key: string): Promise<[owner: RedisProcess, other: RedisProcess]> {
    const answers = await Promise.all(nodes.map((node) => redisCli(node, 'EXISTS', key)))
    const owner = nodes.find((_, index) => !answers[index]?.startsWith('MOVED'))
    const other = nodes.find((_, index) => answers[index]?.startsWith('MOVED'))
    if (owner === undefined || other === undefined) throw new Error(`nobody has ${key}: ${answers.join()}`)
    return [owner, other]
  }
})
