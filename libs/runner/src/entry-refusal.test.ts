import { HTTP_ERROR_CODES } from '@workload-identity/api'
import { IssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { isOutage, isRefusedEntry, toEntryRefusal } from './entry-refusal.ts'

const refusalOf = (error: (typeof HTTP_ERROR_CODES)[number]) =>
  toEntryRefusal({ sandbox_id: 'a', error, error_description: 'so it is' })

describe('toEntryRefusal', () => {
  it.each([
    ['invalid_target', 400],
    ['access_denied', 403],
    ['slow_down', 429],
    ['server_error', 500],
  ] as const)('answers %s with %i and the words of the issuer', (error, status) => {
    expect(refusalOf(error).answer).toEqual({ status, error, description: 'so it is' })
  })

  it('says when to come again to who gets a 503', () => {
    expect(refusalOf('temporarily_unavailable').answer).toEqual({
      status: 503,
      error: 'temporarily_unavailable',
      description: 'so it is',
      headers: { 'retry-after': '5' },
    })
  })

  it('has an answer to every code', () => {
    for (const error of HTTP_ERROR_CODES) expect(refusalOf(error).answer.status).toBeGreaterThanOrEqual(400)
  })
})

describe('isRefusedEntry', () => {
  it('tells a refusal from a token', () => {
    expect(isRefusedEntry({ sandbox_id: 'a', error: 'not_found', error_description: '' })).toBe(true)
    expect(isRefusedEntry({ sandbox_id: 'a', value: 'x', expires_at: 1 })).toBe(false)
  })
})

describe('isOutage', () => {
  it.each([
    ['an issuer that cannot be reached', new IssuerError('ERR_ISSUER_UNAVAILABLE', 'x'), true],
    ['an issuer that cannot sign', refusalOf('temporarily_unavailable'), true],
    ['an issuer that failed', refusalOf('server_error'), true],
    ['a refusal', refusalOf('access_denied'), false],
    ['too many questions', refusalOf('slow_down'), false],
    ['an unknown secret', new IssuerError('ERR_CREDENTIAL_UNKNOWN', 'x'), false],
    ["a programmer's mistake", new TypeError('x'), false],
  ])('says of %s: %s', (_, error, expected) => {
    expect(isOutage(error)).toBe(expected)
  })
})
