import type { Subject } from './subjects.ts'

/** What was measured of one subject. */
export interface Row {
  readonly name: string
  /** Operations a second, the median of all rounds. */
  readonly per_second: number
  readonly against: string | null
  /** The median of the rounds' own ratios to what it is compared with; null for those that are only compared with. */
  readonly ratio: number | null
  /** The lowest and the highest ratio of a round. */
  readonly ratio_range: readonly [number, number] | null
  /** Operations a second of every round. */
  readonly rounds: readonly number[]
}

/**
 * Measures every subject once a round. A ratio compares two measurements of the same round, so that a machine that is
 * busier or slower in one round than in the next does not shift it.
 */
export async function measureRounds(
  subjects: readonly Subject[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
  onMeasured?: (name: string, rate: number) => void,
): Promise<readonly Row[]> {
  const rates = new Map<string, number[]>(subjects.map(({ name }) => [name, []]))
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, measure } of subjects) {
      const rate = await measure(seconds)
      rates.get(name)?.push(rate)
      onMeasured?.(name, rate)
    }
  }
  return subjects.map(({ name, against }) => toRow(name, against, rates))
}

function toRow(
  name: string,
  against: string | undefined,
  rates: ReadonlyMap<string, readonly number[]>,
): Row {
  const own = rates.get(name) ?? []
  const row = { name, per_second: median(own), rounds: own }
  if (against === undefined) return { ...row, against: null, ratio: null, ratio_range: null }
  const others = rates.get(against) ?? []
  const ratios = own.map((rate, round) => rate / (others[round] ?? NaN))
  return { ...row, against, ratio: median(ratios), ratio_range: [Math.min(...ratios), Math.max(...ratios)] }
}

/** The middle of the values; the mean of the two in the middle when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const pair = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return ((pair[0] ?? NaN) + (pair[1] ?? NaN)) / 2
}
