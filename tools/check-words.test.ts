import { describe, expect, it } from 'vitest'
import { findForbiddenWords } from './check-words.ts'

// Put together from parts, so that the check does not find this file.
const join = (...parts: readonly string[]): string => parts.join('')

describe('findForbiddenWords', () => {
  it.each([
    ['docs/a.md', join('cd /', 'work/main')],
    ['docs/a.md', join('see "/', 'home/ann/x"')],
    ['package-lock.json', join('"resol', 'ved": "https://example.com/a.tgz"')],
    ['docs/a.md', join('https://registry.npm', 'js.org/')],
    ['.npmrc', join('regist', 'ry=https://packages.example.com')],
    ['libs/a/src/a.test.ts', join('it.sk', 'ip("x")')],
    ['libs/a/src/a.test.ts', join('describe.on', 'ly("x")')],
    ['libs/a/src/a.test.ts', join('it.sk', 'ipIf(true)')],
    ['libs/a/src/a.test.ts', join('x', 'it("x")')],
    ['libs/a/src/a.ts', join('// eslint-dis', 'able-next-line')],
    ['libs/a/src/a.ts', join('// @ts-ig', 'nore')],
  ])('refuses in %s: %s', (path, text) => {
    expect(findForbiddenWords([{ path, text: `first\n${text}` }])).toEqual([
      expect.stringMatching(new RegExp(`^${path.replaceAll('.', '\\.')}:2 `)),
    ])
  })

  it.each([
    ['docs/a.md', 'clients send https://example.com/work/items and write ~/work/ or docs/work/'],
    ['package-lock.json', '"resolved": "libs/core", "link": true'],
    ['libs/a/src/a.ts', 'split(1); limit(2); it.each([1])'],
    ['.npmrc', 'omit-lockfile-registry-resolved=true'],
  ])('accepts in %s: %s', (path, text) => {
    expect(findForbiddenWords([{ path, text }])).toEqual([])
  })
})
