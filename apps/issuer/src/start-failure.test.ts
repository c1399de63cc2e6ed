import { IssuerError, type IssuerErrorCode } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, describeStartFailure } from './start-failure.ts'

describe('describeStartFailure', () => {
  it('exits with 78 for a mistake in the configuration', () => {
    expect(describeStartFailure(new ConfigurationError('chmod it'))).toEqual({
      exitCode: 78,
      message: 'chmod it',
    })
  })

  it.each<[IssuerErrorCode, number]>([
    ['ERR_ISSUER_URL_CHANGED', 78],
    ['ERR_STORE_CORRUPT', 1],
    ['ERR_STORE_UNAVAILABLE', 1],
    ['ERR_STORE_SCHEMA_NEWER', 1],
    ['ERR_STORE_FOREIGN', 1],
    ['ERR_STORE_EMPTY', 1],
  ])('says the sentence and code of %s and exits with %i', (code, exitCode) => {
    expect(describeStartFailure(new IssuerError(code, 'what to do'))).toEqual({
      exitCode,
      message: `what to do [${code}]`,
    })
  })

  it('does not repeat what a parser tripped over', () => {
    const cause = new SyntaxError('Unexpected token in {"d":"private"}')
    const { message } = describeStartFailure(new IssuerError('ERR_STORE_CORRUPT', 'not JSON', { cause }))
    expect(message).toBe('not JSON [ERR_STORE_CORRUPT]')
  })

  it('explains a busy port in one line', () => {
    const error = Object.assign(new Error('listen EADDRINUSE: address already in use'), {
      code: 'EADDRINUSE',
      syscall: 'listen',
      address: '127.0.0.1',
      port: 8080,
    })
    expect(describeStartFailure(error)).toEqual({
      exitCode: 1,
      message:
        '127.0.0.1:8080: the address is in use by another process: stop it or choose another address (EADDRINUSE)',
    })
  })

  it('shows where an error comes from only when nobody expects it', () => {
    expect(describeStartFailure(new TypeError('odd')).message).toMatch(/^unexpected TypeError: odd\n\s+at /)
  })
})
