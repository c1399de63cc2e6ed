import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { hurryTogether, keepConnected, type KeptConnection } from './kept-connection.ts'
import { afterHurry } from './lane.ts'
import { startRedisServer, type RedisProcess } from './testing/index.ts'

let server: RedisProcess
let isDown = false
beforeAll(async () => {
  server = await startRedisServer()
})
afterEach(() => up())
afterAll(() => server.stop())

const heal = { timeout: 8000, interval: 20 }
const never = () => 3_600_000
const soon = () => 10

async function down(): Promise<void> {
  isDown = true
  await server.kill()
}

async function up(): Promise<void> {
  if (isDown) await server.restart()
  isDown = false
}

function open(pauseMs: (attempt: number) => number): { redis: Redis; connection: KeptConnection } {
  const { host, port } = server
  const redis = new Redis({ host, port, lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => undefined)
  const connection = keepConnected(redis, pauseMs)
  onTestFinished(() => connection.close())
  return { redis, connection }
}

describe('keepConnected', () => {
  it('makes a lost connection anew, with pauses that count the attempts since it was lost', async () => {
    const attempts: number[] = []
    const { redis, connection } = open((attempt) => {
      attempts.push(attempt)
      return 10
    })
    for (let time = 1; time <= 2; time += 1) {
      if (time === 1) await connection.connect()
      attempts.length = 0
      await down()
      await expect.poll(() => attempts.length, heal).toBeGreaterThan(1)
      await up()
      await expect.poll(() => redis.status, heal).toBe('ready')
      expect(attempts.slice(0, 2)).toStrictEqual([1, 2])
    }
  })

  it('goes on trying after a first attempt that was rejected', async () => {
    await down()
    const { redis, connection } = open(soon)
    await expect(connection.connect()).rejects.toThrow('Connection is closed.')
    await up()
    await expect.poll(() => redis.status, heal).toBe('ready')
    await connection.connect()
  })

  it('tries at once when it is hurried, and not before it was to connect at all', async () => {
    const { redis, connection } = open(never)
    connection.hurry()
    expect(redis.status).toBe('wait')
    await connection.connect()
    await down()
    await expect.poll(() => redis.status, heal).toBe('end')
    await up()
    expect(connection.hurried()).toBeUndefined()
    connection.hurry()
    await connection.hurried()
    expect(redis.status).toBe('ready')
    expect(connection.hurried()).toBeUndefined()
  })

  it('settles a hurried attempt that fails as well', async () => {
    const { redis, connection } = open(never)
    await connection.connect()
    await down()
    await expect.poll(() => redis.status, heal).toBe('end')
    connection.hurry()
    await connection.hurried()
    expect(redis.status).toBe('end')
  })

  it('makes no connection any more once it is closed, be it between two attempts', async () => {
    const { redis, connection } = open(soon)
    await connection.connect()
    await down()
    await expect.poll(() => redis.status, heal).toBe('end')
    await connection.close()
    await up()
    connection.hurry()
    const other = open(soon)
    await other.connection.connect()
    expect(String(await other.redis.client('LIST')).trimEnd()).not.toContain('\n')
    expect(redis.status).toBe('end')
  })
})

describe('hurryTogether', () => {
  it('brings all connections back when one of them is', async () => {
    const connections = [open(soon), open(never), open(never)]
    hurryTogether(connections.map(({ connection }) => connection))
    await Promise.all(connections.map(({ connection }) => connection.connect()))
    await down()
    await expect.poll(() => connections.map(({ redis }) => redis.status), heal).not.toContain('ready')
    await up()
    for (const { redis } of connections) await expect.poll(() => redis.status, heal).toBe('ready')
  })
})

describe('afterHurry', () => {
  const hurriedFor = (attempt: Promise<void> | undefined): KeptConnection => ({
    ...open(never).connection,
    hurried: () => attempt,
  })

  it('does the work at once when no attempt is under way, and after the attempt otherwise', async () => {
    const attempt = Promise.withResolvers<undefined>()
    const done: string[] = []
    const work = (name: string) => async () => void done.push(name)
    await afterHurry(hurriedFor(undefined), work('at once'), 1000)
    const waiting = afterHurry(hurriedFor(attempt.promise), work('after'), 8000)
    expect(done).toStrictEqual(['at once'])
    attempt.resolve(undefined)
    await waiting
    expect(done).toStrictEqual(['at once', 'after'])
  })

  it('is rejected when the attempt takes too long, and does not do the work later', async () => {
    const attempt = Promise.withResolvers<undefined>()
    let done = 0
    const late = afterHurry(hurriedFor(attempt.promise), async () => (done += 1), 20)
    await expect(late).rejects.toThrow('Command timed out')
    attempt.resolve(undefined)
    await new Promise(setImmediate)
    expect(done).toBe(0)
  })
})
