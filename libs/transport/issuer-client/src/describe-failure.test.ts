import { describe, expect, it } from 'vitest'
import { describeFailure } from './describe-failure.ts'

describe('describeFailure', () => {
  it('keeps the sentence and the code of an error of a socket', () => {
    const error = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
    const described = describeFailure(error)
    expect(described.message).toBe('connect ECONNREFUSED 127.0.0.1:1')
    expect(described.code).toBe('ECONNREFUSED')
  })

  it.each(['HPE_INVALID_CONSTANT', 'UND_ERR_SOCKET'])('keeps of %s the code alone', (code) => {
    const error = Object.assign(new Error('wis_secret'), { code, data: 'wis_secret', cause: 'wis_secret' })
    const described = describeFailure(error)
    expect(described.message).toBe(code)
    expect({ ...described }).toEqual({ code })
    expect(described.cause).toBeUndefined()
  })

  it('keeps of an error without a code its name alone', () => {
    expect(describeFailure(new TypeError('wis_secret')).message).toBe('TypeError')
  })

  it('says nothing of what is no error', () => {
    expect(describeFailure('wis_secret').message).toBe('the exchange ended')
  })
})
