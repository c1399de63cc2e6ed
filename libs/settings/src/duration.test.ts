import { seconds } from '@workload-identity/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_DURATION, duration, formatDuration, parseDuration } from './duration.ts'

describe('parseDuration', () => {
  it.each([
    ['0', 0],
    ['90', 90],
    ['45s', 45],
    ['90m', 5400],
    ['24h', 86_400],
    ['30d', 2_592_000],
    ['36500d', 3_153_600_000],
  ])('reads %s as %i seconds', (text, expected) => {
    expect(parseDuration(text)).toBe(expected)
  })

  it.each([
    '',
    ' ',
    '1.5h',
    '-1',
    '+1',
    '1h30m',
    '1 h',
    ' 1h',
    '1H',
    '01h',
    '1e3',
    '0x10',
    'h',
    '1w',
    '1ms',
    '١',
    '5\n',
  ])('refuses %j', (text) => {
    expect(() => parseDuration(text)).toThrow('must be whole seconds or one number with d, h, m or s')
  })

  it.each(['36501d', '3153600001', '9007199254740993', '9'.repeat(400), `${'9'.repeat(400)}d`])(
    'refuses the huge duration %s',
    (text) => {
      expect(() => parseDuration(text)).toThrow('must be from 0s to 36500d')
    },
  )

  it('holds both limits inclusively', () => {
    const limits = { min: 60, max: 86_400 }
    expect(() => parseDuration('59', limits)).toThrow('must be from 1m to 1d')
    expect(parseDuration('60', limits)).toBe(60)
    expect(parseDuration('24h', limits)).toBe(86_400)
    expect(() => parseDuration('86401', limits)).toThrow('must be from 1m to 1d')
  })

  it('never repeats the text it refuses', () => {
    expect(() => parseDuration('hunter2')).not.toThrow(/hunter2/)
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [59, '59s'],
    [60, '1m'],
    [90, '90s'],
    [5400, '90m'],
    [86_400, '1d'],
    [90_000, '25h'],
  ])('writes %i seconds as %s', (value, expected) => {
    expect(formatDuration(seconds(value))).toBe(expected)
  })

  it('is read back by parseDuration for every duration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: MAX_DURATION }), (value) => {
        expect(parseDuration(formatDuration(seconds(value)))).toBe(value)
      }),
    )
  })
})

describe('duration', () => {
  it('gives the message of the parser as the issue', () => {
    expect(
      duration({ min: 1 })
        .safeParse('0')
        .error?.issues.map((issue) => issue.message),
    ).toEqual(['must be from 1s to 36500d'])
  })
})
