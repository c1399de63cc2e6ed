import { randomUUID } from 'node:crypto'
import { toThrowWithCode } from '@workload-identity/contracts'
import { unixSeconds, type SandboxRegistry } from '@workload-identity/core'
import {
  redisCli,
  startRedisReplica,
  startRedisServer,
  type RedisProcess,
} from '@workload-identity/driver-redis/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { registryIdKey, shardKeys, shardOfId, shardOfSecret, shards } from './registry-keys.ts'
import { hash, NOW, openClient, openRegistry, sandbox } from './registry.testing.ts'

expect.extend({ toThrowWithCode })

let server: RedisProcess
beforeAll(async () => {
  server = await startRedisServer()
})
afterAll(() => server.stop())

let clusterId: string
beforeEach(() => {
  clusterId = randomUUID()
})
const keysOf = (shard: number) => shardKeys({ clusterId }, 'sandbox')[shard]!
const entryOf = (label: number) =>
  redisCli(server, 'HGET', keysOf(shardOfSecret(hash(label))).secrets, hash(label))
const putEntry = (label: number, entry: string) =>
  redisCli(server, 'HSET', keysOf(shardOfSecret(hash(label))).secrets, hash(label), entry)

// As in the README of the driver.
const acl = [
  ...['resetkeys', '~wid:{prod}:*', '~wid:{prod:*', 'resetchannels', '&wid:{prod}:*', '-@all'],
  ...['+hello', '+auth', '+ping', '+select', '+@hash', '+@sortedset', '+@string', '+del', '+exists'],
  ...['+eval', '+evalsha', '+publish', '+subscribe', '+unsubscribe', '+info', '+wait'],
  ...['+config|get', '+cluster|slots', '+cluster|info'],
]

describe('a registry in Redis', () => {
  it('needs no more rights than the README of the driver grants', async () => {
    await redisCli(server, 'ACL', 'SETUSER', 'issuer', 'on', '>secret', ...acl)
    const { sandboxes, runners, identity } = await openRegistry(
      await openClient(server, { username: 'issuer', password: 'secret' }),
      'prod',
    )
    await sandboxes.register(sandbox('s', [1], { runner_id: 'r', expires_at: unixSeconds(NOW + 1) }), NOW)
    await sandboxes.replace(sandbox('s', [2], { revision: 2 }), NOW)
    expect(await sandboxes.findBySecretHash(hash(2), NOW)).toBeDefined()
    expect((await sandboxes.list({ limit: 10, runnerId: 'r' }, NOW)).items).toStrictEqual([])
    expect((await runners.list({ limit: 10 }, NOW)).items).toStrictEqual([])
    expect(await sandboxes.removeExpired(NOW, 10)).toBe(0)
    expect(await identity.isEmpty()).toBe(false)
    expect(await sandboxes.end('s', NOW)).toBe(true)
    expect(await identity.read()).toBe('registry-1')
  })

  it('uses keys with the cluster ID in the hash tag only, and leaves those of other clusters alone', async () => {
    await redisCli(server, 'FLUSHALL')
    const client = await openClient(server)
    const one = await openRegistry(client, 'a')
    const other = await openRegistry(client, 'a.b')
    await one.sandboxes.register(sandbox('s', [1]), NOW)
    await other.sandboxes.register(sandbox('s', [1], { app: 'other' }), NOW)
    expect((await one.sandboxes.findBySecretHash(hash(1), NOW))?.app).toBe('')
    await one.sandboxes.end('s', NOW)
    expect((await other.sandboxes.findBySecretHash(hash(1), NOW))?.app).toBe('other')
    const keys = (await redisCli(server, 'KEYS', '*')).split('\n')
    expect(keys.filter((key) => !/^wid:\{a(\.b)?(:[01][0-9a-f])?\}:/.test(key))).toStrictEqual([])
  })

  it('is unchanged after the server was killed and started again', async () => {
    const client = await openClient(server)
    const { sandboxes, identity } = await openRegistry(client, clusterId)
    await sandboxes.register(sandbox('s', [1]), NOW)
    await server.kill()
    await expect(sandboxes.findBySecretHash(hash(1), NOW)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    await server.restart()
    await expect
      .poll(() => sandboxes.findBySecretHash(hash(1), NOW).catch(() => undefined), { timeout: 5000 })
      .toStrictEqual(sandbox('s', [1]))
    expect(await identity.read()).toBe('registry-1')
  })

  it.each(['records', 'secrets'] as const)(
    'is lost, not empty, where the %s of one shard are gone, until its ID is claimed again',
    async (lost) => {
      const client = await openClient(server)
      const { sandboxes, identity } = await openRegistry(client, clusterId)
      await sandboxes.register(sandbox('s', [1]), NOW)
      const shard = lost === 'records' ? shardOfId('s') : shardOfSecret(hash(1))
      await redisCli(server, 'DEL', keysOf(shard)[lost])
      await expect(sandboxes.findBySecretHash(hash(1), NOW)).rejects.toThrowWithCode('ERR_REGISTRY_LOST')
      expect(await identity.read()).toBeUndefined()
      await identity.claim('registry-1')
      expect(await sandboxes.findBySecretHash(hash(1), NOW)).toBeUndefined()
      expect(await identity.read()).toBe('registry-1')
    },
  )

  it('is lost when the key that decides on its ID is gone', async () => {
    const { identity } = await openRegistry(await openClient(server), clusterId)
    await redisCli(server, 'DEL', registryIdKey({ clusterId }))
    expect(await identity.read()).toBeUndefined()
  })

  it.each([
    ['that is no JSON', '{'],
    ['of another ID', JSON.stringify(sandbox('t', [1]))],
    ['without a revision', JSON.stringify({ ...sandbox('s', [1]), revision: undefined })],
  ])('rejects a look-up of a record %s with ERR_STORE_CORRUPT', async (_name, text) => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    await sandboxes.register(sandbox('s', [1]), NOW)
    await redisCli(server, 'HSET', keysOf(shardOfId('s')).records, 's', text)
    await expect(sandboxes.findById('s', NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(sandboxes.findBySecretHash(hash(1), NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(sandboxes.list({ limit: 1 }, NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('rejects a list with ERR_STORE_CORRUPT when the index does not have all records', async () => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    await sandboxes.register(sandbox('s', []), NOW)
    await redisCli(server, 'DEL', keysOf(shardOfId('s')).ids)
    await expect(sandboxes.list({ limit: 1 }, NOW)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('lists 500 sandboxes once each, over pages, while others come and go', async () => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    const lasting = Array.from({ length: 500 }, (_, index) => `s-${String(index).padStart(4, '0')}`)
    await Promise.all(lasting.map((id) => sandboxes.register(sandbox(id, []), NOW)))
    const listed: string[] = []
    for (let after: string | null | undefined; after !== null;) {
      const page = await sandboxes.list({ limit: 90, ...(after === undefined ? {} : { after }) }, NOW)
      listed.push(...page.items.map((item) => item.sandbox_id))
      after = page.next
      await comeAndGo(sandboxes, listed.length)
    }
    expect(listed.filter((id) => id.length === 6)).toStrictEqual(lasting)
  })

  it('leaves nothing behind of an ended sandbox', async () => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    const before = await sizes()
    await sandboxes.register(
      sandbox('s', [1, 2], { runner_id: 'node', expires_at: unixSeconds(NOW + 1) }),
      NOW,
    )
    await sandboxes.replace(sandbox('s', [3], { revision: 2 }), NOW)
    await sandboxes.end('s', NOW)
    expect(await sizes()).toStrictEqual(before)
  })

  it('leaves nothing behind of expired sandboxes that were removed', async () => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    const before = await sizes()
    for (const label of [1, 2, 3]) {
      await sandboxes.register(
        sandbox(`s-${label}`, [label], { expires_at: NOW, runner_id: 'node' }),
        unixSeconds(NOW - 1),
      )
    }
    expect(await sandboxes.removeExpired(NOW, 10)).toBe(3)
    expect(await sizes()).toStrictEqual(before)
  })

  it('rejects a registration and an end with ERR_STORE_UNAVAILABLE while its replica is stopped', async () => {
    const primary = await startRedisServer()
    const replica = await startRedisReplica(primary)
    try {
      const { sandboxes } = await openRegistry(await openClient(primary), clusterId)
      await sandboxes.register(sandbox('s', [1]), NOW)
      replica.pause()
      await expect(sandboxes.register(sandbox('t', []), NOW)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
      await expect(sandboxes.end('s', NOW)).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    } finally {
      await replica.stop()
      await primary.stop()
    }
  })

  async function comeAndGo(sandboxes: SandboxRegistry, round: number): Promise<void> {
    await sandboxes.register(sandbox(`s-0000-${round}`, []), NOW)
    await sandboxes.register(sandbox(`s-0499-${round}`, []), NOW)
    await sandboxes.end(`s-0000-${round}`, NOW)
  }

  /** How many fields and members all keys of the cluster have together. */
  async function sizes(): Promise<string[]> {
    const commands = shards.flatMap((shard) => {
      const { records, ids, byRunner, expiry, secrets } = keysOf(shard)
      return [
        ['HLEN', records],
        ['HLEN', secrets],
        ['ZCARD', ids],
        ['ZCARD', byRunner],
        ['ZCARD', expiry],
      ]
    })
    return Promise.all(commands.map((command) => redisCli(server, ...command)))
  }
})

describe('secrets of a registry in Redis, whose entries may be left over by a crash', () => {
  it('does not find a sandbox by an entry of a registration that was not completed', async () => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    await sandboxes.register(sandbox('s', [1]), NOW)
    await putEntry(2, 'claim-of-a-crash s')
    await putEntry(3, 'claim-of-a-crash never-registered')
    expect(await sandboxes.findBySecretHash(hash(2), NOW)).toBeUndefined()
    expect(await sandboxes.findBySecretHash(hash(3), NOW)).toBeUndefined()
  })

  it('gives a secret with a left-over entry to the next who registers it', async () => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    await sandboxes.register(sandbox('s', [1]), NOW)
    await putEntry(2, 'claim-of-a-crash s')
    await putEntry(3, 'claim-of-a-crash never-registered')
    await sandboxes.register(sandbox('t', [2, 3]), NOW)
    expect((await sandboxes.findBySecretHash(hash(2), NOW))?.sandbox_id).toBe('t')
    expect((await sandboxes.findBySecretHash(hash(3), NOW))?.sandbox_id).toBe('t')
  })

  it('waits for a registration with the same secret that is under way, and refuses when it is completed', async () => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    const claimKey = `${keysOf(shardOfId('first')).claimPrefix}under-way`
    await redisCli(server, 'SET', claimKey, '')
    await putEntry(1, 'under-way first')
    // Looked at from the start: it may be refused while the last command below is still being sent.
    const refused = expect(sandboxes.register(sandbox('second', [1]), NOW)).rejects.toThrowWithCode(
      'ERR_SECRET_IN_USE',
    )
    // What the first one does at its end, in one step.
    const records = keysOf(shardOfId('first'))
    await redisCli(server, 'ZADD', records.ids, '0', 'first')
    await redisCli(server, 'HSET', records.records, 'first', JSON.stringify(sandbox('first', [1])))
    await redisCli(server, 'DEL', claimKey)
    await refused
    expect((await sandboxes.findBySecretHash(hash(1), NOW))?.sandbox_id).toBe('first')
  })

  it('waits for a registration with the same secret that is under way, and takes it when it was given up', async () => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    const claimKey = `${keysOf(shardOfId('first')).claimPrefix}under-way`
    await redisCli(server, 'SET', claimKey, '')
    await putEntry(1, 'under-way first')
    const second = sandboxes.register(sandbox('second', [1]), NOW)
    await redisCli(server, 'DEL', claimKey)
    await second
    expect((await sandboxes.findBySecretHash(hash(1), NOW))?.sandbox_id).toBe('second')
  })

  it('rejects with ERR_STORE_UNAVAILABLE, and changes nothing, when the other registration does not come to an end', async () => {
    const { sandboxes } = await openRegistry(await openClient(server), clusterId)
    await redisCli(server, 'SET', `${keysOf(shardOfId('first')).claimPrefix}stuck`, '')
    await putEntry(2, 'stuck first')
    const second = sandboxes.register(sandbox('second', [1, 2]), NOW)
    await expect(second).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    expect(await sandboxes.findById('second', NOW)).toBeUndefined()
    expect(await entryOf(1)).toBe('')
    expect(await entryOf(2)).toBe('stuck first')
  })

  it('never lets two live sandboxes have one secret, whoever registers, replaces and ends at once', async () => {
    const one = await openRegistry(await openClient(server), clusterId)
    const other = await openRegistry(await openClient(server), clusterId)
    const ids = ['a', 'b', 'c', 'd', 'e']
    // Each actor does its own rounds; what counts is what is there when all are done.
    await Promise.all(
      ids.flatMap((id, actor) =>
        [one, other].map(async ({ sandboxes }, side) => {
          for (let round = 0; round < 12; round += 1) {
            const secrets = [1 + ((actor + round) % 3), 4 + ((actor + side + round) % 3)]
            const stored = await sandboxes.findById(id, NOW)
            const change =
              stored === undefined
                ? sandboxes.register(sandbox(id, secrets), NOW)
                : round % 4 === 3
                  ? sandboxes.end(id, NOW)
                  : sandboxes.replace(sandbox(id, secrets, { revision: stored.revision + 1 }), NOW)
            await Promise.allSettled([change])
          }
        }),
      ),
    )
    const { items } = await one.sandboxes.list({ limit: 10 }, NOW)
    const owners = items.flatMap(({ sandbox_id, secrets }) =>
      secrets.map(({ sha256 }) => [sha256, sandbox_id] as const),
    )
    expect(new Set(owners.map(([sha256]) => sha256)).size).toBe(owners.length)
    for (const [sha256, id] of owners) {
      expect((await other.sandboxes.findBySecretHash(sha256, NOW))?.sandbox_id).toBe(id)
    }
    const owned = new Set(owners.map(([sha256]) => sha256))
    for (const label of [1, 2, 3, 4, 5, 6]) {
      if (!owned.has(hash(label))) {
        expect(await one.sandboxes.findBySecretHash(hash(label), NOW)).toBeUndefined()
      }
    }
  })
})
