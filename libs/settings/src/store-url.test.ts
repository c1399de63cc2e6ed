import { describe, expect, it } from 'vitest'
import { describeStore, parseStoreUrl, storeUrl } from './store-url.ts'

describe('parseStoreUrl', () => {
  it.each([
    ['file:./data', { engine: 'file', directory: './data' }],
    ['file:/var/lib/wid', { engine: 'file', directory: '/var/lib/wid' }],
    ['sqlite:./data/issuer.db', { engine: 'sqlite', path: './data/issuer.db' }],
    ['sqlite:/a b/ö?x#y.db', { engine: 'sqlite', path: '/a b/ö?x#y.db' }],
    ['redis://127.0.0.1:6379/2', { engine: 'redis', url: 'redis://127.0.0.1:6379/2', tls: false }],
    ['rediss://u:p@redis.example', { engine: 'redis', url: 'rediss://u:p@redis.example', tls: true }],
  ])('reads %s', (text, expected) => {
    expect(parseStoreUrl(text)).toEqual(expected)
  })

  it.each(['', 'data', './data', '/data', 'FILE:data', 'postgres://h/db', 'sqlite3:a', ':a', 'C:\\data'])(
    'refuses %j and says what there is',
    (text) => {
      expect(() => parseStoreUrl(text)).toThrow(
        'must be file:<dir>, sqlite:<path>, redis://<host> or rediss://<host>',
      )
    },
  )

  it.each([
    ['file:', 'must name a path: file:<dir>'],
    ['file:a\0b', 'must name a path: file:<dir>'],
    ['file:///data', 'must be written file:<dir>, without //'],
    ['sqlite:', 'must name a path: sqlite:<path>'],
    ['sqlite:/data.db ', 'must not begin or end its path with a space: sqlite:<path>'],
    ['file: data', 'must not begin or end its path with a space: file:<dir>'],
    ['sqlite:///data.db', 'must be written sqlite:<path>, without //'],
    ['sqlite::memory:', 'must name a database file on disk'],
    ['sqlite:file:x?mode=memory', 'must name a database file on disk'],
    ['sqlite:data/', 'must name a database file on disk'],
    ['redis:', 'must name a host'],
    ['redis:localhost', 'must name a host'],
    ['redis://', 'must name a host'],
    ['redis://host:99999', 'must name a host'],
    ['redis://ho st', 'must name a host'],
    ['redis://user:pa#ss@host', 'must'],
    ['redis://host/0#x', 'must have no fragment'],
  ])('refuses %j', (text, message) => {
    expect(() => parseStoreUrl(text)).toThrow(message)
  })

  it('never repeats the text it refuses', () => {
    expect(() => parseStoreUrl('redis://:hunter2@host/0#x')).not.toThrow(/hunter2/)
    expect(() => parseStoreUrl('hunter2://x')).not.toThrow(/hunter2/)
  })
})

describe('storeUrl', () => {
  it('gives a location of a supported engine', () => {
    const location: { readonly engine: 'sqlite'; readonly path: string } = storeUrl({
      engines: ['sqlite'],
    }).parse('sqlite:a.db')
    expect(location).toEqual({ engine: 'sqlite', path: 'a.db' })
  })

  it('refuses an unsupported engine by its name', () => {
    const result = storeUrl({ engines: ['file', 'sqlite'] }).safeParse('rediss://:hunter2@host')
    expect(result.error?.issues.map((issue) => issue.message)).toEqual([
      'the store engine redis is not supported here: must be file:<dir>, sqlite:<path>',
    ])
  })
})

describe('describeStore', () => {
  it.each([
    ['file:./data', 'file:./data'],
    ['sqlite:a.db', 'sqlite:a.db'],
    ['rediss://user:hunter2@host:6380/3?password=hunter2', 'rediss://host:6380/3'],
    ['redis://host/hunter2', 'redis://host'],
  ])('describes %s as %s', (text, expected) => {
    expect(describeStore(parseStoreUrl(text))).toBe(expected)
  })
})
