import { describe, expect, it } from 'vitest'
import { planSchedule, SCENARIOS, type ScenarioName } from './schedule.ts'

const options = { scenario: 'single', seed: 7, replicas: 4, rounds: 90, longestHoldMs: 3000 } as const

describe('planSchedule', () => {
  it('gives the same rounds for the same seed, and others for another', () => {
    expect(planSchedule(options)).toEqual(planSchedule(options))
    expect(planSchedule(options)).not.toEqual(planSchedule({ ...options, seed: 8 }))
  })

  it('gives as many rounds as asked, the first of which do not depend on how many', () => {
    expect(planSchedule({ ...options, rounds: 0 })).toEqual([])
    expect(planSchedule({ ...options, rounds: 4 })).toEqual(planSchedule(options).slice(0, 4))
  })

  it.each(Object.keys(SCENARIOS) as ScenarioName[])(
    'makes every fault of %s once before it makes one again',
    (scenario) => {
      const faults = SCENARIOS[scenario]
      const rounds = planSchedule({ ...options, scenario, rounds: 3 * faults.length })
      for (const turn of [0, 1, 2]) {
        const made = rounds.slice(turn * faults.length, (turn + 1) * faults.length).map(({ fault }) => fault)
        expect(made.toSorted()).toEqual([...faults].sort())
      }
    },
  )

  it('keeps to the limits: holds, replicas that exist, never all of them killed', () => {
    const rounds = planSchedule(options)
    for (const { holdMs, restMs, replicas, alsoKilled = 0, choice, fault } of rounds) {
      expect(holdMs).toBeGreaterThanOrEqual(400)
      expect(holdMs).toBeLessThan(3000)
      expect(restMs).toBeGreaterThanOrEqual(200)
      expect(replicas.length).toBeGreaterThanOrEqual(1)
      expect(replicas.length).toBeLessThanOrEqual(fault === 'replicas-killed' ? 3 : 4)
      expect(replicas).toEqual([...new Set(replicas)].sort())
      for (const replica of [...replicas, alsoKilled]) expect([0, 1, 2, 3]).toContain(replica)
      expect(choice).toBeLessThan(1000)
    }
    expect(rounds.some(({ alsoKilled }) => alsoKilled !== undefined)).toBe(true)
    expect(rounds.some(({ fault, replicas }) => fault === 'redis-slow' && replicas.length === 4)).toBe(true)
  })
})
