import { checkRotationPolicy, seconds, type PolicyRuleName } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { createRandomChooser } from './choose.ts'
import { choosePolicy, choosePolicyBreaking } from './policies.ts'
import { prove } from './proof.ts'
import { runAtRandom } from './simulate.ts'

const proof = prove({ policies: 400, rotations: 6, encounters: 20, broken: 25 })

describe('choosePolicy', () => {
  it('chooses policies that pass the check, many of them without a second to spare', () => {
    const margins = Array.from({ length: 200 }, (_, seed) => {
      const { policy, maxTtl } = choosePolicy(createRandomChooser(seed))
      const checks = checkRotationPolicy(policy, seconds(maxTtl))
      expect(checks.filter((check) => !check.holds)).toEqual([])
      return checks.find((check) => check.name === 'published-before-it-signs')
    })
    expect(margins.filter((check) => check?.left === check?.right).length).toBeGreaterThan(50)
  })
})

describe('choosePolicyBreaking', () => {
  it.each<PolicyRuleName>([
    'published-before-it-signs',
    'kept-after-it-signed',
    'active-longer-than-ahead',
    'jwks-max-age-at-least',
    'jwks-max-age-at-most',
    'stale-if-error-not-negative',
    'store-lag-at-least',
  ])('breaks %s alone, by a second', (rule) => {
    const { policy, maxTtl } = choosePolicyBreaking(rule, 1, createRandomChooser(7))
    const broken = checkRotationPolicy(policy, seconds(maxTtl)).filter((check) => !check.holds)
    expect(broken.map((check) => check.name)).toEqual([rule])
  })
})

describe('prove', () => {
  it('finds no token without its key under any policy that passes the check, at random', () => {
    expect(proof.random.outcomes).toMatchObject({ unknown: 0, 'cannot-sign': 0 })
    expect(proof.random.outcomes.known).toBeGreaterThan(15_000)
    expect(proof.random.elapsed).toBeGreaterThan(50 * 365 * 86_400)
  })

  it('finds none when an adversary chooses all clocks, lags and times, nor a key that signs too long', () => {
    expect(proof.worst.outcomes).toMatchObject({ unknown: 0, 'cannot-sign': 0 })
    expect(proof.worst.overstays).toBe(0)
    expect(proof.worst.runs).toBe(800)
  })

  // Clocks are read in whole seconds and ends are exclusive; not all of that can be at its worst at once, so that some
  // seconds too few do no harm yet.
  it.each<[PolicyRuleName, number | undefined]>([
    ['published-before-it-signs', 3],
    ['kept-after-it-signed', 4],
    ['active-longer-than-ahead', 1],
    ['jwks-max-age-at-least', 2],
    ['stale-if-error-not-negative', 3],
    ['store-lag-at-least', 1],
    // This one limits how long a revoked key may be cached; no token needs it.
    ['jwks-max-age-at-most', undefined],
  ])(
    'finds a violation in every policy that breaks %s by %s s, and in none that breaks it by less',
    (rule, by) => {
      const found = proof.rules.find((entry) => entry.rule === rule)
      expect(found?.caughtAt).toBe(by)
      expect(found?.caughtBefore).toBe(0)
      expect(found?.policies).toBe(25)
    },
  )

  it('gives the same for the same seed', () => {
    const size = { rotations: 4, encounters: 10 }
    const run = () => runAtRandom(choosePolicy(createRandomChooser(3)), 3, size)
    expect(run()).toEqual(run())
  })
})
