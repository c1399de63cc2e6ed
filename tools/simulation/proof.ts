import type { PolicyRuleName } from '@workload-identity/core'
import { createRandomChooser } from './choose.ts'
import { choosePolicy, choosePolicyBreaking } from './policies.ts'
import { isViolated, runAtRandom, runAtWorst, sum, type RunSize, type Tally } from './simulate.ts'

/** How much the whole proof simulates. */
export interface ProofSize extends RunSize {
  /** Policies that are run by chance, and as many that an adversary runs. */
  readonly policies: number
  /** Policies that break each rule. */
  readonly broken: number
}

/** What was found when a rule was broken by whole seconds. */
export interface BrokenRule {
  readonly rule: PolicyRuleName
  /** The fewest seconds by which every policy that breaks the rule is caught; absent when none up to 10 s was. */
  readonly caughtAt?: number
  /** How many of the policies that break it by a second less were caught. */
  readonly caughtBefore: number
  readonly policies: number
}

/** All that the simulation shows. */
export interface Proof {
  readonly random: Tally
  readonly worst: Tally
  readonly rules: readonly BrokenRule[]
}

const rules: readonly PolicyRuleName[] = [
  'published-before-it-signs',
  'kept-after-it-signed',
  'active-longer-than-ahead',
  'jwks-max-age-at-least',
  'jwks-max-age-at-most',
  'stale-if-error-not-negative',
  'store-lag-at-least',
]

/** Runs everything. The same size always gives the same proof. */
export function prove(size: ProofSize): Proof {
  const seeds = Array.from({ length: size.policies }, (_, index) => index + 1)
  const policyOf = (seed: number) => choosePolicy(createRandomChooser(seed))
  return {
    random: sum(seeds.map((seed) => runAtRandom(policyOf(seed), seed, size))),
    worst: sum(seeds.map((seed) => runAtWorst(policyOf(seed)))),
    rules: rules.map((rule) => breakRule(rule, size.broken)),
  }
}

/** Breaks a rule by ever more seconds until an adversary makes every such policy fail. */
function breakRule(rule: PolicyRuleName, policies: number): BrokenRule {
  let caughtBefore = 0
  for (let step = 1; step <= 10; step += 1) {
    const caught = countCaught(rule, step, policies)
    if (caught === policies) return { rule, caughtAt: step, caughtBefore, policies }
    caughtBefore = caught
  }
  return { rule, caughtBefore, policies }
}

function countCaught(rule: PolicyRuleName, step: number, policies: number): number {
  let caught = 0
  for (let seed = 1; seed <= policies; seed += 1) {
    if (isViolated(runAtWorst(choosePolicyBreaking(rule, step, createRandomChooser(seed))))) caught += 1
  }
  return caught
}
