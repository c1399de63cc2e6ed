import { IssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { describeError } from './describe-error.ts'

describe('describeError', () => {
  it('gives code, message, details and causes, and nothing that a driver hung on them', () => {
    const cause = Object.assign(new Error('no connection'), {
      code: 'ECONNREFUSED',
      command: ['SET', 'wis_marker'],
    })
    const error = new IssuerError('ERR_STORE_UNAVAILABLE', 'cannot be asked', { details: { a: 1 }, cause })
    expect(describeError(error)).toEqual({
      type: 'IssuerError',
      message: 'cannot be asked',
      code: 'ERR_STORE_UNAVAILABLE',
      details: { a: 1 },
      cause: { type: 'Error', message: 'no connection', code: 'ECONNREFUSED', stack: expect.any(String) },
    })
  })

  it('ends when causes go round in a circle', () => {
    const error = new Error('a')
    error.cause = error
    expect(JSON.stringify(describeError(error)).split('"type"')).toHaveLength(7)
  })

  it('does not repeat what is no error', () => {
    expect(JSON.stringify(describeError('wis_marker'))).not.toContain('wis_marker')
  })
})
