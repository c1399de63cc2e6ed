import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildTokenRequest, sizeOfTokenRequest, variantOf } from './token-request.ts'

const withCode = (code: string) => expect.objectContaining({ code }) as Error
const variant = (wishes: object) => variantOf(buildTokenRequest('a', wishes))

describe('buildTokenRequest', () => {
  it('asks for nothing that nobody wished', () => {
    expect(buildTokenRequest('a', {})).toEqual({ sandbox_id: 'a' })
  })

  it('keeps the order of audiences', () => {
    expect(buildTokenRequest('a', { audience: ['y', 'x'] })).toEqual({
      sandbox_id: 'a',
      audience: ['y', 'x'],
    })
  })

  it.each([
    [1, 60],
    [59, 60],
    [60, 60],
    [61, 61],
    [86_400, 86_400],
    [86_401, 86_400],
    [Number.MAX_SAFE_INTEGER, 86_400],
  ])('asks for a wished life of %i s as %i s', (ttl, expected) => {
    expect(buildTokenRequest('a', { ttl }).ttl).toBe(expected)
  })

  it.each([0, -1, 1.5, NaN])('refuses a life of %d s with ERR_TTL_INVALID', (ttl) => {
    expect(() => buildTokenRequest('a', { ttl })).toThrow(withCode('ERR_TTL_INVALID'))
  })

  it.each([[[]], [''], ['a b'], [['x', 'x']]])(
    'refuses the audience %j with ERR_AUDIENCE_INVALID',
    (audience) => {
      expect(() => buildTokenRequest('a', { audience })).toThrow(withCode('ERR_AUDIENCE_INVALID'))
    },
  )
})

describe('variantOf', () => {
  it('is the same for the same set of audiences', () => {
    expect(variant({ audience: ['y', 'x'] })).toBe(variant({ audience: ['x', 'y'] }))
    expect(variant({ audience: ['x'] })).toBe(variant({ audience: 'x' }))
  })

  it('tells any other wishes apart (property)', () => {
    const audience = fc.option(
      fc.uniqueArray(fc.constantFrom('a', 'b', 'ab', '1', '60', ','), { minLength: 1 }),
      { nil: undefined },
    )
    const ttl = fc.option(fc.constantFrom(60, 61, 600), { nil: undefined })
    const wishes = fc.record({ audience, ttl })
    const meaning = ({ audience, ttl }: { audience: string[] | undefined; ttl: number | undefined }) =>
      JSON.stringify([audience?.toSorted() ?? null, ttl ?? null])
    fc.assert(
      fc.property(wishes, wishes, (one, other) => {
        expect(variant(one) === variant(other)).toBe(meaning(one) === meaning(other))
      }),
      { seed: 8 },
    )
  })
})

describe('sizeOfTokenRequest', () => {
  it('is never less than what the request takes in a body', () => {
    const request = buildTokenRequest('s'.repeat(255), {
      audience: ['"'.repeat(1000), '\\'.repeat(1000)],
      ttl: 86_400,
    })
    expect(sizeOfTokenRequest(request)).toBeGreaterThanOrEqual(`${JSON.stringify(request)},`.length)
    expect(sizeOfTokenRequest({ sandbox_id: 's' })).toBeGreaterThanOrEqual('{"sandbox_id":"s"},'.length)
  })
})
