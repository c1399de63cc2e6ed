import { describe, expect, it } from 'vitest'
import { withCode } from '../../test/fixtures.ts'
import type { Seconds, UnixSeconds } from '../time.ts'
import {
  assertRotationPolicy,
  checkRotationPolicy,
  CLOCK_TOLERANCE,
  DEFAULT_ROTATION_POLICY,
  derivedStaleIfError,
  oldSetsGoneAt,
  rotationPolicyProblems,
  type RotationPolicy,
} from './rotation-policy.ts'

const policyOf = (changes: Partial<Record<keyof RotationPolicy, number>>) =>
  ({ ...DEFAULT_ROTATION_POLICY, ...changes }) as RotationPolicy

describe('DEFAULT_ROTATION_POLICY', () => {
  it('is the documented one', () => {
    expect({ ...DEFAULT_ROTATION_POLICY, tolerance: CLOCK_TOLERANCE }).toEqual({
      activeFor: 2_592_000,
      publishAhead: 86_400,
      keepRetired: 93_600,
      jwksMaxAge: 3600,
      staleIfError: 43_200,
      storeLag: 300,
      tolerance: 60,
    })
  })
  it('is safe', () => {
    expect(rotationPolicyProblems(DEFAULT_ROTATION_POLICY)).toEqual([])
  })
})

describe('rotationPolicyProblems', () => {
  it.each<[string, Partial<Record<keyof RotationPolicy, number>>, readonly string[]]>([
    ['activeFor 1 s above publishAhead', { activeFor: 86_401 }, []],
    [
      'activeFor equal to publishAhead',
      { activeFor: 86_400 },
      ['activeFor (86400 s) must be more than publishAhead (86400 s)'],
    ],
    // 2 × 3600 + 43200 + 2 × 60 + 300
    ['publishAhead as the sum', { publishAhead: 50_820 }, []],
    [
      'publishAhead 1 s below the sum',
      { publishAhead: 50_819 },
      [expect.stringContaining('= 50820 s') as string],
    ],
    // 86400 + 3 × 60 + 300
    ['keepRetired as the sum', { keepRetired: 86_880 }, []],
    [
      'keepRetired 1 s below the sum',
      { keepRetired: 86_879 },
      [expect.stringContaining('= 86880 s') as string],
    ],
    ['jwksMaxAge 60', { jwksMaxAge: 60 }, []],
    ['jwksMaxAge 59', { jwksMaxAge: 59 }, ['jwksMaxAge is 59 s; it must be within 60 and 86400 s']],
    ['jwksMaxAge 86400', { jwksMaxAge: 86_400, publishAhead: 216_420 }, []],
    [
      'jwksMaxAge 86401',
      { jwksMaxAge: 86_401, publishAhead: 216_422 },
      ['jwksMaxAge is 86401 s; it must be within 60 and 86400 s'],
    ],
    ['staleIfError 0', { staleIfError: 0 }, []],
    ['staleIfError -1', { staleIfError: -1 }, ['staleIfError is -1 s; it must not be negative']],
    ['storeLag 1', { storeLag: 1 }, []],
    ['storeLag 0', { storeLag: 0 }, ['storeLag is 0 s; it must be at least 1 s']],
    ['a number that is none', { activeFor: Number.NaN }, ['activeFor must be a whole number of seconds']],
    ['a fraction', { keepRetired: 93_600.5 }, ['keepRetired must be a whole number of seconds']],
    [
      'no end',
      { publishAhead: 86_400, activeFor: Infinity },
      ['activeFor must be a whole number of seconds'],
    ],
  ])('of %s', (_, changes, expected) => {
    expect(rotationPolicyProblems(policyOf(changes))).toEqual(expected)
  })

  it('reckons with the longest life that tokens really have', () => {
    expect(rotationPolicyProblems(policyOf({ keepRetired: 4080 }), 3600 as Seconds)).toEqual([])
    expect(rotationPolicyProblems(policyOf({ keepRetired: 4079 }), 3600 as Seconds)).toHaveLength(1)
  })
})

describe('checkRotationPolicy', () => {
  it('gives every inequality with its numbers, whether it holds or not', () => {
    const numbers = checkRotationPolicy(policyOf({ publishAhead: 50_819, storeLag: 301 })).map(
      ({ name, left, comparison, right, holds }) => [name, left, comparison, right, holds],
    )
    expect(numbers).toEqual([
      ['jwks-max-age-at-least', 3600, '>=', 60, true],
      ['jwks-max-age-at-most', 3600, '<=', 86_400, true],
      ['stale-if-error-not-negative', 43_200, '>=', 0, true],
      ['store-lag-at-least', 301, '>=', 1, true],
      ['active-longer-than-ahead', 2_592_000, '>', 50_819, true],
      ['published-before-it-signs', 50_819, '>=', 50_821, false],
      ['kept-after-it-signed', 93_600, '>=', 86_881, true],
    ])
  })

  it('says the same as the problems, which are those that do not hold', () => {
    const policy = policyOf({ activeFor: 10, keepRetired: 10, storeLag: 0, jwksMaxAge: 59, staleIfError: -1 })
    const broken = checkRotationPolicy(policy).filter((check) => !check.holds)
    expect(broken).toHaveLength(5)
    expect(rotationPolicyProblems(policy)).toEqual(broken.map((check) => check.sentence))
  })

  it('holds for no value that is not a number', () => {
    const checks = checkRotationPolicy(policyOf({ storeLag: Number.NaN }))
    expect(checks.filter((check) => check.holds).map((check) => check.name)).not.toContain(
      'store-lag-at-least',
    )
  })
})

describe('oldSetsGoneAt', () => {
  it('is when the last copy of an older set is over, as the policy reckons it', () => {
    // 2 × 3600 + 43200 + 2 × 60 + 300
    expect(oldSetsGoneAt(DEFAULT_ROTATION_POLICY, 1000 as UnixSeconds)).toBe(51_820)
  })
})

describe('assertRotationPolicy', () => {
  it('accepts the default', () => {
    expect(() => assertRotationPolicy(DEFAULT_ROTATION_POLICY)).not.toThrow()
  })
  it('names every rule that does not hold', () => {
    const policy = policyOf({ activeFor: 10, keepRetired: 10, storeLag: 0 })
    expect(() => assertRotationPolicy(policy)).toThrow(withCode('ERR_POLICY_INVALID'))
    expect(() => assertRotationPolicy(policy)).toThrow(/storeLag.*activeFor.*keepRetired/)
  })
})

describe('derivedStaleIfError', () => {
  it.each([
    ['the default', {}, 43_200],
    ['what is left', { publishAhead: 50_819 }, 43_199],
    ['1 s', { publishAhead: 7621 }, 1],
    ['nothing', { publishAhead: 7620 }, 0],
    ['nothing when less than nothing is left', { publishAhead: 60 }, 0],
  ])('gives %s', (_, changes, expected) => {
    expect(derivedStaleIfError(policyOf(changes))).toBe(expected)
  })
})
