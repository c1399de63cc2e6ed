import { IssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { toFileError } from './file-error.ts'

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'write' })
}

describe('toFileError', () => {
  it.each([
    ['ENOSPC', 'cannot write /a/b: the disk is full; make room'],
    ['EROFS', 'cannot write /a/b: its file system is mounted read-only; mount it read-write'],
    ['EACCES', 'cannot write /a/b: this user may not use it; check its owner and mode'],
    ['E2BIG', 'cannot write /a/b: the operating system could not do it; the cause says why'],
  ])(
    'turns %s into ERR_STORE_UNAVAILABLE with the path and the way out, and keeps the cause',
    (code, message) => {
      const cause = systemError(code)
      const error = toFileError(cause, 'write', '/a/b')
      expect(error).toBeInstanceOf(IssuerError)
      expect(error).toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
        message,
        cause,
        details: { path: '/a/b', system_code: code },
      })
    },
  )

  it('leaves every other error as it is', () => {
    const mistake = new TypeError('mistake')
    const refusal = new IssuerError('ERR_STORE_CONFLICT', 'refusal')
    expect(toFileError(mistake, 'write', '/a/b')).toBe(mistake)
    expect(toFileError(refusal, 'write', '/a/b')).toBe(refusal)
  })
})
