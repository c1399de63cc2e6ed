import { unixSeconds } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { judgeToken, lifeOfToken } from './kept-token.ts'

const judge = (life: number, ageMs: number) =>
  judgeToken({ value: 'x', expires_at: unixSeconds(0), life }, ageMs)

const tokenOf = (payload: unknown) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.sig`

describe('judgeToken', () => {
  it.each([
    [3600, 0, 'fresh'],
    [3600, 1_799_999, 'fresh'],
    [3600, 1_800_000, 'usable'],
    [3600, 3_540_000, 'usable'],
    [3600, 3_540_001, 'nothing'],
    [60, 29_999, 'fresh'],
    [60, 30_000, 'nothing'],
    [120, 59_999, 'fresh'],
    [120, 60_000, 'usable'],
    [120, 60_001, 'nothing'],
    [0, 0, 'nothing'],
  ])('says of a token of %i s, after %i ms: %s', (life, ageMs, expected) => {
    expect(judge(life, ageMs)).toBe(expected)
  })
})

describe('lifeOfToken', () => {
  it('is the time from iat to exp', () => {
    expect(lifeOfToken(tokenOf({ iss: 'https://id.example.com', aud: 'x', iat: 100, exp: 700 }))).toBe(600)
  })

  it.each([
    ['is no token', 'opaque'],
    ['is empty', ''],
    ['holds no JSON', 'e30.!!!.sig'],
    ['tells no time', tokenOf({ iss: 'x', aud: 'x' })],
    ['ends before it begins', tokenOf({ iss: 'x', aud: 'x', iat: 700, exp: 100 })],
    ['tells times as text', tokenOf({ iss: 'x', aud: 'x', iat: '1', exp: '2' })],
    ['holds null', tokenOf(null)],
  ])('is 0 of what %s', (_, token) => {
    expect(lifeOfToken(token)).toBe(0)
  })
})
