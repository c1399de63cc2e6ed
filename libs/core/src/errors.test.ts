import { describe, expect, it } from 'vitest'
import { IssuerError, isIssuerError } from './errors.ts'

describe('IssuerError', () => {
  it('is an Error with a code, facts and a cause', () => {
    const cause = new Error('disk')
    const error = new IssuerError('ERR_STORE_UNAVAILABLE', 'no answer', { cause, details: { attempt: 1 } })
    expect(error).toBeInstanceOf(Error)
    expect({ ...error, message: error.message, cause: error.cause }).toEqual({
      name: 'IssuerError',
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'no answer',
      details: { attempt: 1 },
      cause,
    })
  })

  it('has no cause and no facts unless given', () => {
    const error = new IssuerError('ERR_KEY_INVALID', 'no key')
    expect(Object.hasOwn(error, 'cause')).toBe(false)
    expect(error.details).toEqual({})
  })
})

describe('isIssuerError', () => {
  const error = new IssuerError('ERR_KEY_INVALID', 'no key')

  it('knows its own class, whatever the code', () => {
    expect(isIssuerError(error)).toBe(true)
    expect(isIssuerError(new Error('no key'))).toBe(false)
    expect(isIssuerError({ name: 'IssuerError', code: 'ERR_KEY_INVALID' })).toBe(false)
  })

  it('asks for one of the codes when any are given', () => {
    expect(isIssuerError(error, 'ERR_KEY_MISMATCH', 'ERR_KEY_INVALID')).toBe(true)
    expect(isIssuerError(error, 'ERR_KEY_MISMATCH')).toBe(false)
  })
})
