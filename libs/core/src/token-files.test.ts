import { describe, expect, it } from 'vitest'
import { withCode } from '../test/fixtures.ts'
import type { TokenFile } from './ports/sandbox-registry.ts'
import { parseTokenFiles, tokenFilesOf } from './token-files.ts'

const named = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `t${index}` }))

describe('tokenFilesOf', () => {
  it.each([
    [{}, []],
    [{ token_files: [{ name: 'aws' }] }, []],
    [{ runner_id: 'r-1' }, [{ name: 'token' }]],
    [{ runner_id: 'r-1', token_files: [] }, []],
    [{ runner_id: 'r-1', token_files: [{ name: 'aws' }] }, [{ name: 'aws' }]],
  ])('gives of %j the files %j', (record, files) => {
    expect(tokenFilesOf(record)).toEqual(files)
  })
})

describe('parseTokenFiles', () => {
  it('gives nothing for nothing, and an empty list for an empty one', () => {
    expect(parseTokenFiles(undefined)).toBeUndefined()
    expect(parseTokenFiles([])).toEqual([])
  })

  it('gives what a file has and nothing else', () => {
    const files = [
      { name: 'aws', audience: 'sts.amazonaws.com', ttl: 3600, owner: 'root' },
      { name: 'A9._-', audience: ['a', 'b'] },
    ]
    expect(parseTokenFiles(files)).toEqual([
      { name: 'aws', audience: 'sts.amazonaws.com', ttl: 3600 },
      { name: 'A9._-', audience: ['a', 'b'] },
    ])
  })

  it('accepts 16 files and a name of 64 characters', () => {
    expect(parseTokenFiles(named(16))).toHaveLength(16)
    expect(parseTokenFiles([{ name: 'x'.repeat(64) }])).toHaveLength(1)
  })

  it.each([
    ['17 files', named(17), 'ERR_REQUEST_INVALID'],
    ['what is no list', { name: 'token' }, 'ERR_REQUEST_INVALID'],
    ['a name twice', [{ name: 'a' }, { name: 'a' }], 'ERR_REQUEST_INVALID'],
    ['no audience at all', [{ name: 'a', audience: [] }], 'ERR_AUDIENCE_INVALID'],
    ['an audience that is none', [{ name: 'a', audience: 'a b' }], 'ERR_AUDIENCE_INVALID'],
    ['an audience twice', [{ name: 'a', audience: ['a', 'a'] }], 'ERR_AUDIENCE_INVALID'],
    ['a ttl of 0', [{ name: 'a', ttl: 0 }], 'ERR_TTL_INVALID'],
    ['a ttl with a fraction', [{ name: 'a', ttl: 60.5 }], 'ERR_TTL_INVALID'],
    ['a ttl that is a text', [{ name: 'a', ttl: '60' }], 'ERR_TTL_INVALID'],
  ] as const)('refuses %s', (_, files, code) => {
    expect(() => parseTokenFiles(files as unknown as readonly TokenFile[])).toThrow(withCode(code))
  })

  it.each(['', '.', '..', '.hidden', '-x', '_x', 'a/b', 'a\\b', 'a b', 'a\n', 'ä', 'x'.repeat(65), 7, null])(
    'refuses the name %j with ERR_REQUEST_INVALID',
    (name) => {
      expect(() => parseTokenFiles([{ name: name as string }])).toThrow(withCode('ERR_REQUEST_INVALID'))
    },
  )
})
