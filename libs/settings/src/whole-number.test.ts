import { describe, expect, it } from 'vitest'
import { wholeNumber } from './whole-number.ts'

describe('wholeNumber', () => {
  it.each([
    ['1', 1],
    ['10', 10],
  ])('reads %s, a limit', (text, expected) => {
    expect(wholeNumber({ min: 1, max: 10 }).parse(text)).toBe(expected)
  })

  it.each(['0', '11', '', '1.0', '+1', '01', '1e0', ' 1', '0x1', '-0', 'NaN', '9'.repeat(400)])(
    'refuses %j',
    (text) => {
      expect(wholeNumber({ min: 1, max: 10 }).safeParse(text).error?.issues[0]?.message).toBe(
        'must be a whole number from 1 to 10',
      )
    },
  )

  it('reads negative numbers where they are allowed', () => {
    expect(wholeNumber({ min: -5, max: 0 }).parse('-5')).toBe(-5)
  })
})
