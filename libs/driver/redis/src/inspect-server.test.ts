import { describe, expect, it } from 'vitest'
import { assessAddress, assessSettings, type ServerSettings } from './inspect-server.ts'
import { parseRedisUrl } from './redis-address.ts'

const good: ServerSettings = {
  maxmemoryPolicy: 'noeviction',
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
  hasReplicas: false,
}
const assess = (settings: ServerSettings) =>
  assessSettings(settings, 'a:1').map(({ id, severity }) => `${id} ${severity}`)

describe('assessSettings', () => {
  it('finds nothing in settings that keep every change', () => {
    expect(assess(good)).toStrictEqual([])
  })

  it.each<[Partial<ServerSettings>, string]>([
    [{ maxmemoryPolicy: 'allkeys-lru' }, 'eviction refuse'],
    [{ maxmemoryPolicy: 'volatile-ttl' }, 'eviction refuse'],
    [{ appendonly: 'no' }, 'persistence warn'],
    [{ appendonly: 'no', save: '3600 1' }, 'persistence warn'],
    [{ appendfsync: 'no' }, 'persistence warn'],
    [{ appendfsync: 'no', hasReplicas: true }, 'persistence warn'],
    [{ appendfsync: 'everysec' }, 'persistence warn'],
  ])('finds in %j: %s', (change, finding) => {
    expect(assess({ ...good, ...change })).toStrictEqual([finding])
  })

  it('finds nothing in a log written every second when there is a replica', () => {
    expect(assess({ ...good, appendfsync: 'everysec', hasReplicas: true })).toStrictEqual([])
  })

  it('calls unknown what the server does not tell', () => {
    expect(assess({})).toStrictEqual(['eviction unknown', 'persistence unknown'])
    expect(assess({ maxmemoryPolicy: 'noeviction', appendonly: 'yes' })).toStrictEqual([
      'persistence unknown',
    ])
  })

  it('says with each finding what it means and what to do', () => {
    expect(assessSettings({ ...good, maxmemoryPolicy: 'allkeys-lru' }, 'a:1')).toStrictEqual([
      {
        id: 'eviction',
        severity: 'refuse',
        server: 'a:1',
        reason: 'the server deletes keys when its memory is full (maxmemory-policy allkeys-lru)',
        cure: 'set maxmemory-policy noeviction, or use another Redis',
      },
    ])
  })
})

describe('assessAddress', () => {
  it.each(['redis://127.0.0.1', 'redis://localhost', 'redis://[::1]', 'rediss://redis.example'])(
    'finds nothing in %s',
    (url) => {
      expect(assessAddress(parseRedisUrl(url).address)).toStrictEqual([])
    },
  )

  it.each(['redis://redis.example', 'redis://127.0.0.1?cluster&node=redis.example'])(
    'warns that %s sends everything unencrypted',
    (url) => {
      expect(assessAddress(parseRedisUrl(url).address)).toMatchObject([{ id: 'plaintext', severity: 'warn' }])
    },
  )
})
