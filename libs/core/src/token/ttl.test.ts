import { describe, expect, it } from 'vitest'
import { withCode } from '../../test/fixtures.ts'
import type { Seconds } from '../time.ts'
import { assertTtlPolicy, DEFAULT_TTL, MAX_TTL, MIN_TTL, resolveTtl } from './ttl.ts'

const policyOf = (defaultTtl: number, maxTtl: number) => ({
  defaultTtl: defaultTtl as Seconds,
  maxTtl: maxTtl as Seconds,
})

describe('resolveTtl', () => {
  it('has the limits 60, 3600 and 86400', () => {
    expect([MIN_TTL, DEFAULT_TTL, MAX_TTL]).toEqual([60, 3600, 86_400])
  })

  it.each([
    [undefined, 3600],
    [1, 60],
    [59, 60],
    [60, 60],
    [61, 61],
    [86_399, 86_399],
    [86_400, 86_400],
    [86_401, 86_400],
    [Number.MAX_SAFE_INTEGER, 86_400],
    [1e300, 86_400],
  ])('clamps %s to %i', (requested, expected) => {
    expect(resolveTtl(requested, policyOf(3600, 86_400))).toBe(expected)
  })

  it.each([
    [undefined, 3600, 1800, undefined, 1800],
    [undefined, 3600, 7200, 600, 600],
    [7200, 600, 3600, undefined, 3600],
    [7200, 600, 3600, 900, 900],
    [7200, 600, 900, 3600, 900],
    [undefined, 3600, 86_400, 60, 60],
  ])(
    'gives at most the lowest limit (%s, default %i, cluster %i, sandbox %s)',
    (requested, defaultTtl, maxTtl, narrower, expected) => {
      expect(resolveTtl(requested, policyOf(defaultTtl, maxTtl), narrower)).toBe(expected)
    },
  )

  it.each([0, -0, -1, 0.5, 60.5, Number.NaN, Infinity, -Infinity, '60', null, true, [60]])(
    'refuses %j with ERR_TTL_INVALID',
    (requested) => {
      expect(() => resolveTtl(requested as number, policyOf(3600, 86_400))).toThrow(
        withCode('ERR_TTL_INVALID'),
      )
    },
  )
})

describe('assertTtlPolicy', () => {
  it.each([
    [60, 60],
    [3600, 86_400],
    [86_400, 86_400],
  ])('accepts a default of %d and a maximum of %d', (defaultTtl, maxTtl) => {
    expect(() => assertTtlPolicy(policyOf(defaultTtl, maxTtl))).not.toThrow()
  })

  it.each([
    [59, 3600],
    [3601, 3600],
    [60, 59],
    [3600, 86_401],
    [90.5, 3600],
    [60, 90.5],
    [Number.NaN, 3600],
    [3600, Number.NaN],
  ])('refuses a default of %d with a maximum of %d', (defaultTtl, maxTtl) => {
    expect(() => assertTtlPolicy(policyOf(defaultTtl, maxTtl))).toThrow(withCode('ERR_POLICY_INVALID'))
  })
})
