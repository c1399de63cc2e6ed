import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { addressOf, createTestClient, tryGet, tryPut } from './client.testing.ts'
import { redisCli, startRedisServer, type RedisProcess } from './testing/index.ts'

let server: RedisProcess
beforeAll(async () => {
  server = await startRedisServer()
})
afterEach(() => server.resume())
afterAll(() => server.stop())

const heal = { timeout: 8000, interval: 50 }

describe('createRedisClient', () => {
  it('writes, reads and gives up its connections when it is closed', async () => {
    const client = createTestClient(addressOf(server))
    await client.connect()
    expect(await tryPut(client, 'key', 'value')).toBe('value')
    expect(await tryGet(client, 'key')).toBe('value')
    await client.close()
    expect(await tryGet(client, 'key')).toBe('ERR_STORE_UNAVAILABLE')
    await expect
      .poll(() => redisCli(server, 'CLIENT', 'LIST', 'TYPE', 'normal'), heal)
      .not.toMatch(/cmd=(get|info)/)
  })

  it('uses the database of its address', async () => {
    const client = createTestClient({ kind: 'single', server, db: 3, tls: false })
    await client.connect()
    await tryPut(client, 'key-in-3', 'value')
    expect(await redisCli(server, '-n', '3', 'GET', 'key-in-3')).toBe('value')
    expect(await redisCli(server, 'EXISTS', 'key-in-3')).toBe('0')
  })

  it('runs a script again after SCRIPT FLUSH', async () => {
    const client = createTestClient(addressOf(server))
    await client.connect()
    await tryPut(client, 'key', '1')
    await redisCli(server, 'SCRIPT', 'FLUSH')
    expect(await tryPut(client, 'key', '2')).toBe('2')
  })

  it('rejects with ERR_STORE_CORRUPT for a key of another type', async () => {
    await redisCli(server, 'RPUSH', 'list', 'x')
    const client = createTestClient(addressOf(server))
    await client.connect()
    expect(await tryGet(client, 'list')).toBe('ERR_STORE_CORRUPT')
  })

  it('rejects reads and writes within the time limit while the server is stopped, and heals', async () => {
    const client = createTestClient(addressOf(server))
    await client.connect()
    await tryPut(client, 'key', 'before')
    server.pause()
    const started = performance.now()
    const outcomes = await Promise.all([
      ...Array.from({ length: 100 }, () => tryGet(client, 'key')),
      tryPut(client, 'key', 'during'),
    ])
    expect(new Set(outcomes)).toStrictEqual(new Set(['ERR_STORE_UNAVAILABLE']))
    expect(performance.now() - started).toBeLessThan(10_000)
    // By now it is known that there is no connection, and nobody is kept waiting for another one.
    expect(await tryGet(client, 'key')).toBe('ERR_STORE_UNAVAILABLE')
    server.resume()
    await expect.poll(() => tryPut(client, 'key', 'after'), heal).toBe('after')
    await expect.poll(() => tryGet(client, 'key'), heal).toBe('after')
  })

  it('keeps what was written when the server is killed and started again, and heals', async () => {
    const client = createTestClient(addressOf(server))
    await client.connect()
    await tryPut(client, 'key', 'durable')
    await server.kill()
    expect(await tryGet(client, 'key')).toBe('ERR_STORE_UNAVAILABLE')
    expect(await tryPut(client, 'key', 'lost')).toBe('ERR_STORE_UNAVAILABLE')
    await server.restart()
    await expect.poll(() => tryGet(client, 'key'), heal).toBe('durable')
    // Whoever can read again can write as well.
    expect(await tryPut(client, 'key', 'after')).toBe('after')
  })

  it('rejects connect while the server is away, goes on trying, and works when it comes', async () => {
    await server.kill()
    const client = createTestClient(addressOf(server))
    await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(await tryGet(client, 'key')).toBe('ERR_STORE_UNAVAILABLE')
    await server.restart()
    await expect.poll(() => tryPut(client, 'key', 'late'), heal).toBe('late')
  })

  it('can be closed before it was connected and while the server is away', async () => {
    await createTestClient(addressOf(server)).close()
    await server.kill()
    const client = createTestClient(addressOf(server))
    await client.connect().catch(() => undefined)
    await client.close()
    await server.restart()
  })

  it('tells a subscriber of messages, also after the server was killed and started again', async () => {
    const client = createTestClient(addressOf(server))
    await client.connect()
    let told = 0
    const stop = client.subscribe('channel', () => (told += 1))
    await expect.poll(() => redisCli(server, 'PUBSUB', 'NUMSUB', 'channel'), heal).toBe('channel\n1')
    expect(told).toBe(0)
    await client.publish('channel', '')
    await expect.poll(() => told, heal).toBe(1)
    await server.kill()
    await server.restart()
    // Messages may have been missed, so that the new connection counts as one.
    await expect.poll(() => told, heal).toBe(2)
    await redisCli(server, 'PUBLISH', 'channel', '')
    await expect.poll(() => told, heal).toBe(3)
    stop()
    await expect.poll(() => redisCli(server, 'PUBSUB', 'NUMSUB', 'channel'), heal).toBe('channel\n0')
  })

  it('subscribes as soon as the server comes when it was away', async () => {
    await server.kill()
    const client = createTestClient(addressOf(server))
    client.subscribe('late-channel', () => undefined)
    await server.restart()
    await expect
      .poll(() => redisCli(server, 'PUBSUB', 'NUMSUB', 'late-channel'), heal)
      .toBe('late-channel\n1')
  })
})

describe('createRedisClient with credentials', () => {
  beforeAll(async () => {
    await redisCli(server, 'ACL', 'SETUSER', 'issuer', 'on', '>hunter2', '~*', '&*', '+@all', '-config')
    await redisCli(
      server,
      'ACL',
      'SETUSER',
      'blind',
      'on',
      '>hunter2',
      '~*',
      '&*',
      '+@all',
      '-config',
      '-info',
    )
  })

  it('logs in as an ACL user', async () => {
    const client = createTestClient(addressOf(server), { username: 'issuer', password: 'hunter2' })
    await client.connect()
    expect(await tryPut(client, 'key', 'value')).toBe('value')
  })

  it('says that user and password are wrong, and repeats neither password nor arguments', async () => {
    const client = createTestClient(addressOf(server), { username: 'issuer', password: 'hunter3' })
    const failure: unknown = await client.connect().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(String(failure)).toContain('it refuses user and password; correct them')
    const later: unknown = await client.read('key', ['GET', 'key'], 'read').catch((error: unknown) => error)
    for (const error of [failure, later]) {
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('hunter3')
    }
  })

  it('reports settings as unknown where CONFIG is forbidden, and what INFO tells all the same', async () => {
    const client = createTestClient(addressOf(server), { username: 'issuer', password: 'hunter2' })
    await client.connect()
    expect(await client.inspect()).toStrictEqual([
      {
        id: 'persistence',
        severity: 'unknown',
        server: `127.0.0.1:${server.port}`,
        reason: 'the server does not tell how often it writes its log to disk (appendfsync)',
        cure: 'grant the user CONFIG GET (ACL: +config|get), or see to the setting yourself',
      },
    ])
  })

  it('reports nothing about a server that keeps every change and evicts nothing', async () => {
    const client = createTestClient(addressOf(server))
    await client.connect()
    expect(await client.inspect()).toStrictEqual([])
  })

  it('refuses an evicting server and warns of missing persistence', async () => {
    const cache = await startRedisServer({
      settings: ['--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no'],
    })
    try {
      const client = createTestClient(addressOf(cache))
      await client.connect()
      expect(await client.inspect()).toMatchObject([
        { id: 'eviction', severity: 'refuse' },
        { id: 'persistence', severity: 'warn' },
      ])
    } finally {
      await cache.stop()
    }
  })

  it('does not take a write for safe when the server hides whether it has replicas', async () => {
    const client = createTestClient(addressOf(server), { username: 'blind', password: 'hunter2' })
    await client.connect()
    expect(await tryPut(client, 'key', 'value')).toBe('ERR_STORE_UNAVAILABLE')
  })
})
