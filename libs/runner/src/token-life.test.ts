import { unixSeconds } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { lifeOfFoundToken, lifeOfNewToken } from './token-life.ts'

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const tokenOf = (iat: number, exp: number) => `e30.${encode({ iss: 'i', aud: 'a', iat, exp })}.c2ln`
const now = unixSeconds(1000)

describe('lifeOfNewToken', () => {
  it.each([
    ['by its own times', tokenOf(1000, 4600), 4600, 3_600_000],
    ['by its own times when the clock here is ahead', tokenOf(100, 3700), 0, 3_600_000],
    ['by the answer when it tells none', 'opaque', 1300, 300_000],
    ['as 10 seconds when it has expired already', 'opaque', 1000, 10_000],
    ['as 10 seconds when that is more', tokenOf(1000, 1001), 1001, 10_000],
  ])('counts a token %s', (_how, value, expiresAt, lifeMs) => {
    const token = { value, expires_at: unixSeconds(expiresAt) }
    expect(lifeOfNewToken(token, 7, now)).toStrictEqual({ issuedMs: 7, expiresMs: 7 + lifeMs })
  })
})

describe('lifeOfFoundToken', () => {
  it('counts from now to the expiry, and back by the life', () => {
    expect(lifeOfFoundToken({ iat: 400, exp: 4000 }, 50_000, now)).toStrictEqual({
      issuedMs: -550_000,
      expiresMs: 3_050_000,
    })
  })
})
