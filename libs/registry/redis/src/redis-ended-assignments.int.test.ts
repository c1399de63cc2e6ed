import { randomUUID } from 'node:crypto'
import { toThrowWithCode } from '@workload-identity/contracts'
import { unixSeconds as at, type EndedAssignment } from '@workload-identity/core'
import {
  redisCli,
  startRedisReplica,
  startRedisServer,
  type RedisProcess,
} from '@workload-identity/driver-redis/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createRedisEndedAssignments } from './index.ts'
import { endedKeys, shardOfId } from './registry-keys.ts'
import { openClient } from './registry.testing.ts'

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
const open = async () => createRedisEndedAssignments({ client: await openClient(server), clusterId })
const keysOf = async () => (await redisCli(server, 'KEYS', `wid:{${clusterId}:*`)).split('\n').filter(Boolean)
const notesKey = (runnerId: string) => endedKeys({ clusterId })[shardOfId(runnerId)]!.notesPrefix + runnerId
const note = (runner_id: string, sandbox_id: string, ended_at: number): EndedAssignment => ({
  ...{ runner_id, sandbox_id },
  ended_at: at(ended_at),
})

// As in the README of the driver.
const acl = [
  ...['resetkeys', '~wid:{prod}:*', '~wid:{prod:*', 'resetchannels', '&wid:{prod}:*', '-@all'],
  ...['+hello', '+auth', '+ping', '+select', '+@hash', '+@sortedset', '+@string', '+del', '+exists'],
  ...['+eval', '+evalsha', '+publish', '+subscribe', '+unsubscribe', '+info', '+wait'],
  ...['+config|get', '+cluster|slots', '+cluster|info'],
]

describe('createRedisEndedAssignments', () => {
  it('needs no more rights than the README of the driver grants', async () => {
    await redisCli(server, 'ACL', 'SETUSER', 'issuer', 'on', '>secret', ...acl)
    const client = await openClient(server, { username: 'issuer', password: 'secret' })
    const ended = createRedisEndedAssignments({ client, clusterId: 'prod' })
    await ended.put([note('node-1', 'a', 1)])
    expect(await ended.list('node-1', at(1), at(1))).toStrictEqual([note('node-1', 'a', 1)])
    expect(await ended.removeBefore(at(2), 1)).toBe(1)
  })

  it('gives 2,500 notes about one runner back by sandbox ID, of those written twice the later one', async () => {
    const ended = await open()
    const notes = Array.from({ length: 2500 }, (_, index) =>
      note('node-1', `s-${String(index).padStart(4, '0')}`, 5000 - index),
    )
    await ended.put([note('node-1', 's-2499', 1), ...notes])
    expect(await ended.list('node-1', at(0), at(5000))).toStrictEqual(notes)
    expect(await ended.list('node-1', at(0), at(2501))).toStrictEqual([note('node-1', 's-2499', 2501)])
  })

  it('deletes the notes of 300 runners, so many at once, and leaves no key behind', async () => {
    const ended = await open()
    const runners = Array.from({ length: 300 }, (_, index) => `node-${index}`)
    await ended.put(runners.flatMap((id) => [note(id, 'a', 10), note(id, 'b', 11)]))
    expect(await ended.removeBefore(at(11), 250)).toBe(250)
    expect(await ended.removeBefore(at(11), 250)).toBe(50)
    expect(await ended.removeBefore(at(11), 250)).toBe(0)
    expect(await ended.list('node-7', at(0), at(100))).toStrictEqual([note('node-7', 'b', 11)])
    expect(await ended.removeBefore(at(12), 1000)).toBe(300)
    expect(await keysOf()).toStrictEqual([])
  })

  it('finds old notes by an index that is right when a note is replaced by a later one', async () => {
    const ended = await open()
    await ended.put([note('node-1', 'a', 10)])
    await ended.put([note('node-1', 'a', 30), note('node-1', 'b', 20)])
    expect(await ended.removeBefore(at(20), 10)).toBe(0)
    expect(await ended.removeBefore(at(21), 10)).toBe(1)
    expect(await ended.list('node-1', at(0), at(100))).toStrictEqual([note('node-1', 'a', 30)])
  })

  it('comes to an end when the notes of a runner in the index are gone', async () => {
    const ended = await open()
    await ended.put([note('node-1', 'a', 10)])
    await redisCli(server, 'DEL', notesKey('node-1'))
    expect(await ended.removeBefore(at(20), 10)).toBe(0)
    expect(await keysOf()).toStrictEqual([])
  })

  it('rejects with ERR_STORE_CORRUPT for notes that cannot be read', async () => {
    const ended = await open()
    await redisCli(server, 'ZADD', notesKey('node-1'), '10.5', 'a')
    await expect(ended.list('node-1', at(0), at(100))).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await redisCli(server, 'SET', notesKey('node-2'), 'text')
    await expect(ended.list('node-2', at(0), at(100))).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(ended.put([note('node-2', 'a', 1)])).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
  })

  it('rejects a note with ERR_STORE_UNAVAILABLE while its replica is stopped', async () => {
    const primary = await startRedisServer()
    const replica = await startRedisReplica(primary)
    try {
      const ended = createRedisEndedAssignments({ client: await openClient(primary), clusterId })
      await ended.put([note('node-1', 'a', 10)])
      replica.pause()
      await expect(ended.put([note('node-1', 'b', 10)])).rejects.toThrowWithCode('ERR_STORE_UNAVAILABLE')
    } finally {
      await replica.stop()
      await primary.stop()
    }
  })
})
