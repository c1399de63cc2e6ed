import { describe, expect, it } from 'vitest'
import { reconnectDelayMs, resolveRedisOptions } from './redis-options.ts'
import { formatKeyPrefix } from './key-prefix.ts'

const address = { kind: 'single', server: { host: 'a', port: 1 }, db: 0, tls: false } as const

describe('resolveRedisOptions', () => {
  it('gives a command two seconds, a connection too, a replica one', () => {
    expect(resolveRedisOptions({ address })).toStrictEqual({
      address,
      commandTimeoutMs: 2000,
      connectTimeoutMs: 2000,
      replicaTimeoutMs: 1000,
    })
  })

  it('gives a replica half of a shorter command', () => {
    expect(resolveRedisOptions({ address, commandTimeoutMs: 501 }).replicaTimeoutMs).toBe(251)
  })

  it.each([
    { commandTimeoutMs: 0 },
    { commandTimeoutMs: 1.5 },
    { connectTimeoutMs: Number.POSITIVE_INFINITY },
    { replicaTimeoutMs: 0 },
    { replicaTimeoutMs: 2000 },
    { commandTimeoutMs: 1000, replicaTimeoutMs: 1000 },
  ])('refuses %j with a RangeError', (limits) => {
    expect(() => resolveRedisOptions({ address, ...limits })).toThrow(RangeError)
  })

  it('takes a replica time-out one millisecond below that of a command', () => {
    expect(resolveRedisOptions({ address, replicaTimeoutMs: 1999 }).replicaTimeoutMs).toBe(1999)
  })
})

describe('reconnectDelayMs', () => {
  it.each([
    [1, 0, 25],
    [1, 0.999, 50],
    [2, 0, 50],
    [6, 0, 800],
    [7, 0, 1000],
    [7, 0.999, 1999],
    [1_000_000, 0.999, 1999],
  ])('before attempt %i with chance %d pauses %i ms', (attempt, random, delay) => {
    expect(reconnectDelayMs(attempt, random)).toBe(delay)
  })
})

describe('formatKeyPrefix', () => {
  it.each([
    [{ clusterId: 'prod/eu' }, 'wid:{prod/eu}:'],
    [{ clusterId: 'prod', tag: '1f' }, 'wid:{prod:1f}:'],
    [{ clusterId: 'prod', prefix: 'x' }, 'x{prod}:'],
  ])('of %j is %s', (options, prefix) => {
    expect(formatKeyPrefix(options)).toBe(prefix)
  })

  it.each([{ clusterId: '' }, { clusterId: 'a:b' }, { clusterId: 'a}' }, { clusterId: 'a', prefix: 'x{y' }])(
    'refuses %j with a TypeError',
    (options) => {
      expect(() => formatKeyPrefix(options)).toThrow(TypeError)
    },
  )
})
