import { createSeededRandom, type SeededRandom } from '@workload-identity/contracts/trials'

/** What is done to the store or to the replicas, by name; the rows of the report. */
export const FAULTS = [
  'redis-killed',
  'redis-paused',
  'redis-slow',
  'redis-half-open',
  'answers-dropped',
  'connections-cut',
  'flushed',
  'registry-flushed',
  'replicas-killed',
  'primary-killed',
  'primary-paused',
  'node-killed',
  'node-paused',
] as const

/** One of {@link FAULTS}. */
export type FaultName = (typeof FAULTS)[number]

/** What the issuers have for a store, each with faults of its own. */
export const SCENARIOS = {
  single: [
    'redis-killed',
    'redis-paused',
    'redis-slow',
    'redis-half-open',
    'answers-dropped',
    'connections-cut',
    'flushed',
    'registry-flushed',
    'replicas-killed',
  ],
  sentinel: ['primary-killed', 'primary-paused', 'replicas-killed'],
  cluster: ['node-killed', 'node-paused', 'replicas-killed'],
} as const satisfies Readonly<Record<string, readonly FaultName[]>>

/** One of {@link SCENARIOS}. */
export type ScenarioName = keyof typeof SCENARIOS

/** One fault of a schedule: it is done, it lasts, it is taken back, everything heals, there is a pause. */
export interface Round {
  readonly fault: FaultName
  /** How long it lasts, in milliseconds. */
  readonly holdMs: number
  /** Between healing and the next round, in milliseconds. */
  readonly restMs: number
  /** The replicas it concerns, by number from 0: those whose connection suffers, or that are killed. */
  readonly replicas: readonly number[]
  /** A replica that is killed with -9 while it lasts. */
  readonly alsoKilled?: number
  /** Which server of a Cluster it concerns, and whatever else is left to chance; at least 0 and less than 1000. */
  readonly choice: number
}

/** How a schedule is made. */
export interface ScheduleOptions {
  readonly scenario: ScenarioName
  readonly seed: number
  readonly replicas: number
  /** How many rounds; every fault of the scenario comes once before one comes again. */
  readonly rounds: number
  /** How long an outage may last, in milliseconds; beyond `storeLag` replicas stop signing. */
  readonly longestHoldMs: number
}

const SHORTEST_HOLD_MS = 400
const ROUNDS_WITH_A_KILL = 3

/** The rounds of one scenario. Pure: the same options give the same rounds. */
export function planSchedule(options: ScheduleOptions): readonly Round[] {
  const { scenario, rounds } = options
  // Scenarios of one seed differ, also in what they have in common.
  const random = createSeededRandom(options.seed + Object.keys(SCENARIOS).indexOf(scenario) * 7919)
  const planned: Round[] = []
  while (planned.length < rounds) {
    for (const fault of shuffle<FaultName>(SCENARIOS[scenario], random)) {
      if (planned.length < rounds) planned.push(planRound(fault, options, random))
    }
  }
  return planned
}

function planRound(
  fault: FaultName,
  { replicas, longestHoldMs }: ScheduleOptions,
  random: SeededRandom,
): Round {
  const all = shuffle(
    Array.from({ length: replicas }, (_, index) => index),
    random,
  )
  // Never all of them: something has to be asked while they are down.
  const mostConcerned = fault === 'replicas-killed' ? replicas - 1 : replicas
  const concerned = all.slice(0, 1 + random.below(mostConcerned))
  const isKilledToo = fault !== 'replicas-killed' && random.below(ROUNDS_WITH_A_KILL) === 0
  return {
    fault,
    holdMs: SHORTEST_HOLD_MS + random.below(Math.max(1, longestHoldMs - SHORTEST_HOLD_MS)),
    // Long enough, if outages are, for the delays that hold without any.
    restMs: 200 + random.below(Math.ceil(longestHoldMs / 3)),
    replicas: concerned.toSorted((a, b) => a - b),
    ...(isKilledToo && { alsoKilled: random.below(replicas) }),
    choice: random.below(1000),
  }
}

function shuffle<T>(items: readonly T[], random: SeededRandom): readonly T[] {
  const shuffled = [...items]
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = random.below(last + 1)
    const kept = shuffled[last] as T
    shuffled[last] = shuffled[other] as T
    shuffled[other] = kept
  }
  return shuffled
}
