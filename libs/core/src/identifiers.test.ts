import { describe, expect, it } from 'vitest'
import { withCode } from '../test/fixtures.ts'
import { identifierProblem, parseIdentifier } from './identifiers.ts'

const allowed = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/@+=~-'

describe('identifierProblem', () => {
  it.each([...allowed])('allows %j inside', (character) => {
    expect(identifierProblem(`a${character}a`)).toBeUndefined()
  })

  it('allows a letter or digit as the first character, and no other', () => {
    const accepted = [...allowed].filter((character) => identifierProblem(`${character}a`) === undefined)
    expect(accepted.join('')).toBe('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')
  })

  it('refuses every other character of the first 65536, wherever it stands', () => {
    const accepted: string[] = []
    for (let code = 0; code < 0x1_0000; code += 1) {
      const character = String.fromCharCode(code)
      if (allowed.includes(character)) continue
      for (const text of [character, `a${character}`, `${character}a`, `a${character}a`]) {
        if (identifierProblem(text) === undefined) accepted.push(text)
      }
    }
    expect(accepted).toEqual([])
  })

  it('refuses what lies outside of the first plane', () => {
    expect(identifierProblem('a\u{1d41a}')).toBeDefined()
  })

  it.each([
    [0, false],
    [1, true],
    [2, true],
    [254, true],
    [255, true],
    [256, false],
    [100_000, false],
  ])('says of %i characters that they are allowed: %s', (length, isAllowed) => {
    expect(identifierProblem('a'.repeat(length)) === undefined).toBe(isAllowed)
  })

  it.each(['a/b', 'a/b/c', 'a/.b', 'a/b.', 'a/...', 'a..b', 'a./b', 'a/..b', 'a/-', 'a@b.c/d+e=f~g_h'])(
    'allows the segments of %j',
    (text) => {
      expect(identifierProblem(text)).toBeUndefined()
    },
  )

  it.each(['/', '/a', 'a/', 'a//b', 'a/.', 'a/..', 'a/./b', 'a/../b', 'a/b/', '..', '.', './a', '../a'])(
    'refuses the segments of %j',
    (text) => {
      expect(identifierProblem(text)).toBeDefined()
    },
  )

  it.each([
    'a:b',
    'a%2fb',
    'a*',
    'a?',
    'a b',
    ' a',
    'a ',
    'a\n',
    '\na',
    'a\0',
    'ａ',
    'а',
    'a\u200b',
    "a'",
    'a"',
  ])('refuses %j, which could collide, climb or widen', (text) => {
    expect(identifierProblem(text)).toBeDefined()
  })
})

describe('parseIdentifier', () => {
  it('gives the text as it stands', () => {
    expect(parseIdentifier('sandbox_id', 'Sb-1/A.b')).toBe('Sb-1/A.b')
  })

  it('names the identifier and the reason, and not the value', () => {
    expect(() => parseIdentifier('app', 'a:b')).toThrow(
      expect.objectContaining({
        code: 'ERR_IDENTIFIER_INVALID',
        message: 'app must consist of A-Z a-z 0-9 . _ / @ + = ~ - and start with a letter or digit',
        details: { name: 'app' },
      }),
    )
  })

  it.each([undefined, null, 1, true, ['a'], {}])('refuses %j, which is not a text', (value) => {
    expect(() => parseIdentifier('app', value as never)).toThrow(withCode('ERR_IDENTIFIER_INVALID'))
  })
})
