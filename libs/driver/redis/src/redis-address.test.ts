import { describe, expect, it } from 'vitest'
import { formatRedisAddress, parseRedisUrl } from './redis-address.ts'

const server = (host: string, port: number) => ({ host, port })

describe('parseRedisUrl', () => {
  it.each([
    ['redis://a', { kind: 'single', server: server('a', 6379), db: 0, tls: false }],
    ['rediss://a.example:6380/15', { kind: 'single', server: server('a.example', 6380), db: 15, tls: true }],
    ['redis://[::1]:7000/', { kind: 'single', server: server('::1', 7000), db: 0, tls: false }],
    [
      'redis://s1/2?sentinel=main&node=s2&node=s3:26380',
      {
        kind: 'sentinel',
        sentinels: [server('s1', 26379), server('s2', 26379), server('s3', 26380)],
        name: 'main',
        db: 2,
        tls: false,
      },
    ],
    [
      'rediss://n1:7001?cluster&node=n2:7002',
      { kind: 'cluster', nodes: [server('n1', 7001), server('n2', 7002)], tls: true },
    ],
  ])('reads %s', (url, address) => {
    expect(parseRedisUrl(url)).toStrictEqual({ address })
  })

  it('reads user and password, percent-decoded', () => {
    const { username, password } = parseRedisUrl('redis://issuer:p%40ss%2Fw%23@a')
    expect([username, password]).toStrictEqual(['issuer', 'p@ss/w#'])
  })

  it.each([
    ...[
      'http://a',
      'redis://',
      'redis://a#b',
      'redis://a b',
      'redis://a:0',
      'redis://a/x',
      'redis://a/123456',
    ],
    ...['redis://a?db=1', 'redis://a?node=b', 'redis://a?sentinel=', 'redis://a?sentinel=m&cluster'],
    ...['redis://a/1?cluster', 'redis://a?cluster&node=b:70000', 'redis://:%zz@a'],
  ])('refuses %s with a TypeError that does not repeat it', (url) => {
    const parse = () => parseRedisUrl(url.replace('redis://', 'redis://user:hunter2@'))
    expect(parse).toThrow(TypeError)
    expect(parse).not.toThrow(/hunter2/)
  })
})

describe('formatRedisAddress', () => {
  it.each([
    'redis://a:6379',
    'rediss://[::1]:6379/3',
    'redis://s1:26379/2?sentinel=main&node=s2:26379',
    'rediss://n1:7001?cluster&node=n2:7002',
  ])('writes %s as it was read', (url) => {
    expect(formatRedisAddress(parseRedisUrl(url).address)).toBe(url)
  })

  it('leaves user and password out', () => {
    expect(formatRedisAddress(parseRedisUrl('redis://user:hunter2@a').address)).toBe('redis://a:6379')
  })
})
