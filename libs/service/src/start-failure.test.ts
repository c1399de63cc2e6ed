import { IssuerError, type IssuerErrorCode } from '@workload-identity/core'
import { ListenError, TlsFilesError } from '@workload-identity/transport-http'
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
    expect(describeStartFailure(new IssuerError(code, 'what to do'), ['ERR_ISSUER_URL_CHANGED'])).toEqual({
      exitCode,
      message: `what to do [${code}]`,
    })
  })

  it('does not repeat what a parser tripped over', () => {
    const cause = new SyntaxError('Unexpected token in {"d":"private"}')
    const { message } = describeStartFailure(new IssuerError('ERR_STORE_CORRUPT', 'not JSON', { cause }))
    expect(message).toBe('not JSON [ERR_STORE_CORRUPT]')
  })

  it('explains a busy port in one line and exits with 1', () => {
    const error = new ListenError('cannot listen on 127.0.0.1:8080: it is in use; stop the other process')
    expect(describeStartFailure(error)).toEqual({ exitCode: 1, message: error.message })
  })

  it('exits with 78 for certificates that cannot be used', () => {
    expect(describeStartFailure(new TlsFilesError('no certificate')).exitCode).toBe(78)
  })

  it('gives the sentence of the operating system, also as the cause of a failure of the store', () => {
    const cause = Object.assign(new Error("EIO: i/o error, read '/db'"), { code: 'EIO', syscall: 'read' })
    expect(describeStartFailure(cause)).toEqual({ exitCode: 1, message: cause.message })
    expect(describeStartFailure(new IssuerError('ERR_STORE_UNAVAILABLE', 'no', { cause })).message).toBe(
      `no (${cause.message}) [ERR_STORE_UNAVAILABLE]`,
    )
  })

  it('shows where an error comes from only when nobody expects it', () => {
    expect(describeStartFailure(new TypeError('odd')).message).toMatch(/^unexpected TypeError: odd\n\s+at /)
  })
})
