import { describe, expect, it } from 'vitest'
import { formatTable } from './format-table.ts'
import { measureRounds, median } from './rounds.ts'

/** A subject that gives these rates, one a round. */
function subject(name: string, rates: readonly number[], against?: string) {
  const left = [...rates]
  return { name, ...(against !== undefined && { against }), measure: async () => left.shift() ?? NaN }
}

describe('median', () => {
  it.each([
    [[3], 3],
    [[5, 1, 3], 3],
    [[10, 1, 3, 5], 4],
  ])('of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected)
  })
})

describe('measureRounds', () => {
  it('compares what was measured in the same round, and gives medians', async () => {
    // The machine is twice as fast in the second round: the ratios do not show it.
    const subjects = [subject('ceiling', [100, 200, 100]), subject('mint', [70, 140, 50], 'ceiling')]
    expect(await measureRounds(subjects, { rounds: 3, seconds: 1 })).toStrictEqual([
      {
        ...{ name: 'ceiling', per_second: 100, rounds: [100, 200, 100] },
        ...{ against: null, ratio: null, ratio_range: null },
      },
      {
        ...{ name: 'mint', per_second: 70, rounds: [70, 140, 50] },
        ...{ against: 'ceiling', ratio: 0.7, ratio_range: [0.5, 0.7] },
      },
    ])
  })

  it('measures all subjects before it begins the next round', async () => {
    const order: string[] = []
    const subjects = [subject('a', [1, 2]), subject('b', [3, 4])]
    await measureRounds(subjects, { rounds: 2, seconds: 1 }, (name, rate) => order.push(`${name}${rate}`))
    expect(order).toStrictEqual(['a1', 'b3', 'a2', 'b4'])
  })
})

describe('formatTable', () => {
  it('gives a Markdown table with aligned columns', async () => {
    const subjects = [subject('ceiling', [8000]), subject('mint', [5600.4], 'ceiling')]
    expect(formatTable(await measureRounds(subjects, { rounds: 1, seconds: 1 }))).toBe(
      [
        '|         | per second | ratio | lowest – highest |',
        '| ------- | ---------: | ----: | ---------------: |',
        '| ceiling |       8000 |       |                  |',
        '| mint    |       5600 |  0.70 |      0.70 – 0.70 |',
      ].join('\n'),
    )
  })
})
