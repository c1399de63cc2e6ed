import { createSeededRandom } from '@workload-identity/contracts/trials'

/** What a schedule tries to bring about: a verifier that lacks a new key, or one that lost an old key too early. */
export type Harm = 'key-not-yet-known' | 'key-already-gone'

/** Which end of a range helps each harm along. */
export type WorstEnd = Readonly<Record<Harm, 'low' | 'high'>>

/** Chooses everything that the model leaves open: clocks, lags, times. */
export interface Chooser {
  /** A whole number within `low` and `high`, both included. */
  between(low: number, high: number, worst: WorstEnd): number
  /** True once in `count` times, unless the schedule is set on harm: then `whenWorst`. */
  oneIn(count: number, whenWorst: boolean): boolean
  /** The harm that this schedule is set on, if any. */
  readonly harm?: Harm
}

/** Low for the one, high for the other. */
export const lowIsUnknown: WorstEnd = { 'key-not-yet-known': 'low', 'key-already-gone': 'high' }
/** High for the one, low for the other. */
export const highIsUnknown: WorstEnd = { 'key-not-yet-known': 'high', 'key-already-gone': 'low' }
/** The low end harms most, whatever the harm. */
export const lowIsWorst: WorstEnd = { 'key-not-yet-known': 'low', 'key-already-gone': 'low' }
/** The high end harms most, whatever the harm. */
export const highIsWorst: WorstEnd = { 'key-not-yet-known': 'high', 'key-already-gone': 'high' }

/** Every choice at random; half of them one of the ends of its range, where the mistakes are. Same seed, same choices. */
export function createRandomChooser(seed: number): Chooser {
  const random = createSeededRandom(seed)
  const fraction = () => random.below(2 ** 26) / 2 ** 26
  return {
    between(low, high) {
      if (high <= low) return low
      const luck = random.below(4)
      if (luck < 2) return luck === 0 ? low : high
      return low + Math.floor(fraction() * (high - low + 1))
    },
    oneIn: (count) => random.below(count) === 0,
  }
}

/** Every choice as `harm` would have it: an adversary who may do all that the model allows. */
export function createAdversary(harm: Harm): Chooser {
  return {
    harm,
    between: (low, high, worst) => (worst[harm] === 'low' ? low : Math.max(low, high)),
    oneIn: (_count, whenWorst) => whenWorst,
  }
}
