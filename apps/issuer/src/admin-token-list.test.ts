import { describe, expect, it } from 'vitest'
import { findAdmin, parseAdminTokens, type AdminToken } from './admin-token-list.ts'

const alice = 'a'.repeat(32)
const bob = 'b'.repeat(32)

function tokensOf(text: string): readonly AdminToken[] {
  const reading = parseAdminTokens(text)
  if ('problems' in reading) throw new Error(reading.problems.join('; '))
  return reading.tokens
}

describe('parseAdminTokens', () => {
  it('reads one token alone as that of the admin named admin', () => {
    expect(findAdmin(tokensOf(`${alice}\n`), alice)).toEqual({ name: 'admin', role: 'admin' })
  })

  it('reads lines of name, role and token among comments and blank lines', () => {
    const tokens = tokensOf(`# who may do what\r\n\r\nalice admin ${alice}\r\n  bob\tread  ${bob}\n`)
    expect(findAdmin(tokens, alice)).toEqual({ name: 'alice', role: 'admin' })
    expect(findAdmin(tokens, bob)).toEqual({ name: 'bob', role: 'read' })
  })

  it('finds nobody for another token', () => {
    expect(findAdmin(tokensOf(alice), bob)).toBeUndefined()
    expect(findAdmin(tokensOf(alice), '')).toBeUndefined()
  })

  it('gives no token for a text without any', () => {
    expect(tokensOf('# nothing\n\n')).toEqual([])
  })

  it.each([
    ['a token of 31 characters', 'a'.repeat(31), 'has a token of fewer than 32 characters'],
    ['a token of 1001 characters', 'a'.repeat(1001), 'has a token of more than 1000 characters'],
    [
      'a short token in a line',
      `alice admin ${'a'.repeat(31)}`,
      'line 1 has a token of fewer than 32 characters',
    ],
    [
      'a token that no header can carry',
      `${alice}ü`,
      'has a token that cannot be sent as a bearer token (RFC 6750 §2.1)',
    ],
    [
      'a role that does not exist',
      `alice write ${alice}`,
      'line 1 has a role that is neither admin nor read',
    ],
    [
      'a name with a colon',
      `a:b admin ${alice}`,
      'line 1 has a name that is not 1-64 letters, digits and . _ @ -',
    ],
    ['a fourth word', `alice admin ${alice} x`, 'line 1 is not <name> <admin|read> <token>'],
    ['two tokens without names', `${alice}\n${bob}`, 'line 1 is not <name> <admin|read> <token>'],
    ['a name twice', `a admin ${alice}\na read ${bob}`, 'line 2 repeats a name'],
    ['a token twice', `a admin ${alice}\nb read ${alice}`, 'line 2 repeats a token'],
  ])('refuses %s', (_, text, problem) => {
    const reading = parseAdminTokens(text)
    expect('problems' in reading && reading.problems).toContain(problem)
  })

  it('never repeats the text of a refused line', () => {
    expect(JSON.stringify(parseAdminTokens(`alice nobody ${alice}\n${bob} x`))).not.toMatch(/aaaa|bbbb/)
  })
})
