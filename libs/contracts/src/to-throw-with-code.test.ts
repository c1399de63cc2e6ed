import { IssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { toThrowWithCode } from './to-throw-with-code.ts'

expect.extend({ toThrowWithCode })

const conflict = new IssuerError('ERR_STORE_CONFLICT', 'somebody was first')

describe('toThrowWithCode', () => {
  it('passes for a function that throws the code', () => {
    expect(() => {
      throw conflict
    }).toThrowWithCode('ERR_STORE_CONFLICT')
  })

  it('passes for a promise that is rejected with the code', async () => {
    await expect(Promise.reject(conflict)).rejects.toThrowWithCode('ERR_STORE_CONFLICT')
  })

  it('fails for another code and names both', async () => {
    const wrong = expect(Promise.reject(conflict)).rejects.toThrowWithCode('ERR_STORE_CORRUPT')
    await expect(wrong).rejects.toThrow(
      'expected an IssuerError with code ERR_STORE_CORRUPT, got ERR_STORE_CONFLICT: somebody was first',
    )
  })

  it('fails for a function that throws nothing', () => {
    expect(() => {
      expect(() => undefined).toThrowWithCode('ERR_STORE_CORRUPT')
    }).toThrow('expected an IssuerError with code ERR_STORE_CORRUPT, got no error')
  })

  it('fails for a promise that resolves', async () => {
    await expect(expect(Promise.resolve()).rejects.toThrowWithCode('ERR_STORE_CORRUPT')).rejects.toThrow(
      'resolved "undefined" instead of rejecting',
    )
  })

  it('fails for an error of another class that has the code', async () => {
    const lookalike = Object.assign(new Error('no'), { code: 'ERR_STORE_CONFLICT' })
    await expect(Promise.reject(lookalike)).rejects.not.toThrowWithCode('ERR_STORE_CONFLICT')
  })
})
