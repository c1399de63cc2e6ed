import { nextKey, seconds } from '@workload-identity/core'
import { createAdversary, createRandomChooser, type Chooser } from './choose.ts'
import { encounter, type Outcome } from './encounter.ts'
import type { TrialPolicy } from './policies.ts'
import { rotateForYears } from './world.ts'

/** What a run, or many, came to. */
export interface Tally {
  readonly runs: number
  readonly rotations: number
  /** Simulated time in seconds. */
  readonly elapsed: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  /** Runs in which a key signed longer than `activeFor` although nothing was late. */
  readonly overstays: number
}

/** How much is simulated. */
export interface RunSize {
  readonly rotations: number
  /** Tokens that meet a verifier, for each rotation. */
  readonly encounters: number
}

const emptyTally: Tally = {
  runs: 0,
  rotations: 0,
  elapsed: 0,
  outcomes: { known: 0, unknown: 0, missed: 0, 'cannot-sign': 0 },
  overstays: 0,
}

/** One run under a policy in which everything is chosen by chance. */
export function runAtRandom(trial: TrialPolicy, seed: number, size: RunSize): Tally {
  return run(trial, createRandomChooser(seed), size)
}

/**
 * Two runs in which an adversary makes every choice as bad as the model allows, once for each harm, and one in which nothing is
 * late, to see that keys sign as long as the policy says.
 */
export function runAtWorst(trial: TrialPolicy): Tally {
  const size = { rotations: 2, encounters: 1 }
  const { policy } = trial
  const punctual = { policy, rotations: 4, chooser: createRandomChooser(1), isPunctual: true }
  const { overstay } = rotateForYears(punctual)
  const tallies = [
    run(trial, createAdversary('key-not-yet-known'), size),
    run(trial, createAdversary('key-already-gone'), size),
  ]
  return sum([...tallies, { ...emptyTally, overstays: overstay > 0 ? 1 : 0 }])
}

/** Whether anything happened that a policy promises not to happen. */
export function isViolated({ outcomes, overstays }: Tally): boolean {
  return outcomes.unknown > 0 || outcomes['cannot-sign'] > 0 || overstays > 0
}

/** Many tallies as one. */
export function sum(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (total, tally) => ({
      runs: total.runs + tally.runs,
      rotations: total.rotations + tally.rotations,
      elapsed: total.elapsed + tally.elapsed,
      outcomes: {
        known: total.outcomes.known + tally.outcomes.known,
        unknown: total.outcomes.unknown + tally.outcomes.unknown,
        missed: total.outcomes.missed + tally.outcomes.missed,
        'cannot-sign': total.outcomes['cannot-sign'] + tally.outcomes['cannot-sign'],
      },
      overstays: total.overstays + tally.overstays,
    }),
    emptyTally,
  )
}

function run(trial: TrialPolicy, chooser: Chooser, { rotations, encounters }: RunSize): Tally {
  const { policy, maxTtl } = trial
  const history = rotateForYears({ policy, rotations, chooser, isPunctual: false })
  const outcomes = { ...emptyTally.outcomes }
  for (const activation of findActivations(history.versions)) {
    for (let count = 0; count < encounters; count += 1) {
      outcomes[encounter({ history, policy, maxTtl: seconds(maxTtl), chooser, activation })] += 1
    }
  }
  const [first, last] = [history.versions[0], history.versions.at(-1)]
  const elapsed = ((last?.savedAt ?? 0) - (first?.savedAt ?? 0)) / 1000
  return { runs: 1, rotations, elapsed, outcomes, overstays: 0 }
}

function findActivations(versions: ReturnType<typeof rotateForYears>['versions']): readonly number[] {
  return versions.flatMap(({ ring }, place) => {
    const before = versions[place - 1]
    return before !== undefined && nextKey(before.ring) !== undefined && nextKey(ring) === undefined
      ? [place]
      : []
  })
}
