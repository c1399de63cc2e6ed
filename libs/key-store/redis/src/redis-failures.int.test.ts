import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { execPath } from 'node:process'
import { createInterface } from 'node:readline'
import { keyStoreContract, toThrowWithCode } from '@workload-identity/contracts'
import { createRedisClient, type RedisAddress, type RedisClient } from '@workload-identity/driver-redis'
import {
  readServerFiles,
  redisCli,
  startRedisCluster,
  startRedisReplica,
  startRedisServer,
  type RedisProcess,
} from '@workload-identity/driver-redis/testing'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createRedisKeyStore } from './index.ts'

expect.extend({ toThrowWithCode })

const heal = { timeout: 8000, interval: 20 }
const first = { generation: 1, write_id: 'first', document: '{}' }
const second = { generation: 2, write_id: 'second', document: '{}' }

async function openStore(server: RedisProcess, clusterId: string, replicaTimeoutMs = 300) {
  const address: RedisAddress = { kind: 'single', server, db: 0, tls: false }
  const client = createRedisClient({ address, commandTimeoutMs: 1000, replicaTimeoutMs })
  onTestFinished(() => client.close())
  await client.connect()
  return createRedisKeyStore({ client, clusterId })
}

async function startServer(...settings: readonly string[]): Promise<RedisProcess> {
  const server = await startRedisServer({ settings })
  onTestFinished(() => server.stop())
  return server
}

// As in the README of the driver.
const acl = [
  ...['resetkeys', '~wid:{prod}:*', '~wid:{prod:*', 'resetchannels', '&wid:{prod}:*', '-@all'],
  ...['+hello', '+auth', '+ping', '+select', '+@hash', '+@sortedset', '+@string', '+del', '+exists'],
  ...['+eval', '+evalsha', '+publish', '+subscribe', '+unsubscribe', '+info', '+wait'],
  ...['+config|get', '+cluster|slots', '+cluster|info', '+bgrewriteaof', '+bgsave'],
]

describe('createRedisKeyStore, while Redis fails', () => {
  it('needs no more rights than the README of the driver grants', async () => {
    const server = await startServer()
    await redisCli(server, 'ACL', 'SETUSER', 'issuer', 'on', '>secret', ...acl)
    const address: RedisAddress = { kind: 'single', server, db: 0, tls: false }
    const client = createRedisClient({ address, username: 'issuer', password: 'secret' })
    onTestFinished(() => client.close())
    await client.connect()
    const store = createRedisKeyStore({ client, clusterId: 'prod' })
    let told = 0
    store.watch(() => (told += 1))
    await expect
      .poll(() => redisCli(server, 'PUBSUB', 'NUMSUB', 'wid:{prod}:ring-saved'), heal)
      .toMatch(/\n1$/)
    await store.save(first, undefined)
    expect(await store.load()).toStrictEqual(first)
    await expect.poll(() => told, heal).toBe(1)
    expect(await store.eraseReplaced()).toStrictEqual([])
    expect((await client.inspect()).filter(({ severity }) => severity === 'unknown')).toStrictEqual([])
    const other = createRedisKeyStore({ client, clusterId: 'other' })
    await expect(other.load()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
  })

  it('says what is left of replaced rings where it may not, or cannot, have files written anew', async () => {
    const server = await startServer()
    const without = ['-bgrewriteaof', '-info', '-config|get']
    await redisCli(server, 'ACL', 'SETUSER', 'issuer', 'on', '>secret', ...acl, without[0] ?? '')
    const address: RedisAddress = { kind: 'single', server, db: 0, tls: false }
    const client = createRedisClient({ address, username: 'issuer', password: 'secret' })
    onTestFinished(() => client.close())
    await client.connect()
    const store = createRedisKeyStore({ client, clusterId: 'prod' })
    await store.save(first, undefined)
    expect(await store.eraseReplaced()).toEqual([expect.stringMatching(/refuses.*BGREWRITEAOF/)])
    await redisCli(server, 'ACL', 'SETUSER', 'issuer', '+bgrewriteaof')
    expect(await store.eraseReplaced()).toStrictEqual([])
    await redisCli(server, 'ACL', 'SETUSER', 'issuer', ...without.slice(1))
    expect(await store.eraseReplaced()).toEqual([expect.stringMatching(/does not tell which files/)])
    await server.kill()
    await expect(store.eraseReplaced()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
  })

  it('erases replaced rings from a snapshot, too, and names replicas, whose files it cannot reach', async () => {
    const server = await startServer('--save', '3600 1000')
    const store = await openStore(server, 'prod')
    await store.save({ ...first, document: 'PRIVATE-HALF' }, undefined)
    await redisCli(server, 'SAVE')
    await store.save(second, first)
    expect((await readServerFiles(server)).includes('PRIVATE-HALF')).toBe(true)
    expect(await store.eraseReplaced()).toStrictEqual([])
    expect((await readServerFiles(server)).includes('PRIVATE-HALF')).toBe(false)
    const replica = await startRedisReplica(server)
    onTestFinished(() => replica.stop())
    expect(await store.eraseReplaced()).toEqual([expect.stringMatching(/^replicas of /)])
  })

  it.each(['always', 'everysec'])('keeps a saved ring through kill -9 with appendfsync %s', async (fsync) => {
    const server = await startServer('--appendfsync', fsync)
    const store = await openStore(server, 'prod')
    await store.save(first, undefined)
    await server.kill()
    await expect(store.load()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    await server.restart()
    await expect.poll(() => store.load().catch(() => undefined), heal).toStrictEqual(first)
    await store.save(second, first)
  })

  it('rejects load and save within its time limit while the server is stopped, and heals', async () => {
    const server = await startServer()
    const store = await openStore(server, 'prod')
    await store.save(first, undefined)
    server.pause()
    const started = performance.now()
    await Promise.all([
      expect(store.load()).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE'),
      expect(store.save(second, first)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE'),
    ])
    expect(performance.now() - started).toBeLessThan(10_000)
    server.resume()
    await expect.poll(() => store.load().catch(() => undefined), heal).toBeDefined()
  })

  it('rejects save with ERR_STORE_UNAVAILABLE while the replica is stopped, and shows what became of it', async () => {
    const primary = await startServer()
    const replica = await startRedisReplica(primary)
    onTestFinished(() => replica.stop())
    const store = await openStore(primary, 'prod')
    await store.save(first, undefined)
    expect(await redisCli(replica, 'HGET', 'wid:{prod}:ring', 'write_id')).toBe('first')
    replica.pause()
    await expect(store.save(second, first)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    expect((await store.load())?.write_id).toBe('second')
    replica.resume()
    const third = { ...second, generation: 3 }
    await expect
      .poll(
        () =>
          store.save(third, second).then(
            () => 'saved',
            () => 'failed',
          ),
        heal,
      )
      .toBe('saved')
  })

  it('tells a watcher within a second, also after the server was started again', async () => {
    const server = await startServer()
    const watching = await openStore(server, 'prod')
    const saving = await openStore(server, 'prod')
    let told = 0
    watching.watch(() => (told += 1))
    const isListening = () => redisCli(server, 'PUBSUB', 'NUMSUB', 'wid:{prod}:ring-saved')
    await expect.poll(isListening, heal).toMatch(/\n1$/)
    await saving.save(first, undefined)
    await expect.poll(() => told, { timeout: 1000, interval: 20 }).toBe(1)
    await server.kill()
    await server.restart()
    await expect.poll(isListening, heal).toMatch(/\n1$/)
    await expect.poll(() => saving.load().catch(() => undefined), heal).toStrictEqual(first)
    const before = told
    await saving.save(second, first)
    await expect.poll(() => told, { timeout: 1000, interval: 20 }).toBeGreaterThan(before)
  })

  it('lets one of eight processes that save a first ring at once win', async () => {
    const server = await startServer()
    const processes = Array.from({ length: 8 }, () => startSaver(server))
    await Promise.all(processes.map(({ line }) => line()))
    for (const { go } of processes) go()
    const answers = await Promise.all(processes.map(({ line }) => line()))
    expect(answers.sort()).toStrictEqual([...Array.from({ length: 7 }, () => 'ERR_STORE_CONFLICT'), 'won'])
  })
})

function startSaver({ host, port }: RedisProcess) {
  const child = spawn(
    execPath,
    [
      '--conditions=@workload-identity/source',
      new URL('save-first.testing.ts', import.meta.url).pathname,
      `redis://${host}:${port}`,
      'prod',
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    go: () => void child.stdin.write('go\n'),
    line: async () => String((await lines.next()).value),
  }
}

describe('on a Redis Cluster', () => {
  let nodes: readonly RedisProcess[]
  beforeAll(async () => {
    nodes = await startRedisCluster(3)
  })
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()))
  })

  keyStoreContract('Redis Cluster', async () => {
    const clusterId = randomUUID()
    const clients: RedisClient[] = []
    const close = async () => {
      await Promise.all(clients.map((client) => client.close()))
    }
    return {
      async open() {
        const client = createRedisClient({ address: { kind: 'cluster', nodes, tls: false } })
        clients.push(client)
        await client.connect()
        return createRedisKeyStore({ client, clusterId })
      },
      readRaw: async () => Buffer.concat(await Promise.all(nodes.map(readServerFiles))),
      makeUnavailable: close,
      destroy: close,
    }
  })
})
