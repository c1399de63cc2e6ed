import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../testing/random.ts'
import { createRefreshPlan } from './refresh-plan.ts'

const LIFE = 3_600_000
const file = { name: 'token' }
const fresh = (nowMs: number, lifeMs = LIFE) => ({ issuedMs: nowMs, expiresMs: nowMs + lifeMs })

describe('createRefreshPlan', () => {
  it('has a file without a token refreshed at once, and only once at a time', () => {
    const plan = createRefreshPlan(createRandom(1))
    plan.put('a', file, 1000)
    expect(plan.nextMs()).toBe(1000)
    expect(plan.take(999, 10)).toStrictEqual([])
    expect(plan.take(1000, 10).map(({ sandboxId }) => sandboxId)).toStrictEqual(['a'])
    expect(plan.take(9_999_999, 10)).toStrictEqual([])
    expect(plan.nextMs()).toBeUndefined()
  })

  it('has a token refreshed between 45 % and 48 % of its life', () => {
    for (let seed = 0; seed < 100; seed += 1) {
      const plan = createRefreshPlan(createRandom(seed))
      plan.put('a', file, 0)
      const [taken] = plan.take(0, 1)
      plan.succeeded(taken!, fresh(500), 600)
      expect(plan.nextMs()).toBeGreaterThanOrEqual(500 + 1_620_000)
      expect(plan.nextMs()).toBeLessThanOrEqual(500 + 1_728_000)
      expect(plan.take(500 + 1_619_999, 1)).toStrictEqual([])
      expect(plan.take(500 + 1_728_000, 1)).toHaveLength(1)
    }
  })

  it('gives the nearest to expire first, and files without a token before all', () => {
    const plan = createRefreshPlan(createRandom(2))
    const lives = { late: 50_000, soon: 10_000, middle: 30_000 }
    for (const [id, life] of Object.entries(lives))
      plan.put(id, file, 0, { issuedMs: -100_000, expiresMs: life })
    plan.put('new', file, 0)
    const order = [...plan.take(0, 2), ...plan.take(0, 1), ...plan.take(0, 9)]
    expect(order.map(({ sandboxId }) => sandboxId)).toStrictEqual(['new', 'soon', 'middle', 'late'])
  })

  it('takes over a token that has life left, and refreshes it when half of it is over', () => {
    const plan = createRefreshPlan(createRandom(3))
    plan.put('a', file, 1_000_000, fresh(0))
    expect(plan.nextMs()).toBeGreaterThanOrEqual(1_620_000)
    plan.put('past-half', file, 1_800_000, fresh(0))
    expect(
      plan
        .take(1_800_000, 9)
        .map(({ sandboxId }) => sandboxId)
        .sort(),
    ).toStrictEqual(['a', 'past-half'])
  })

  it('backs off after failures, keeps what is held, and starts anew after a success', () => {
    const plan = createRefreshPlan(() => 0)
    plan.put('a', file, 0, { ...fresh(0), isDue: true })
    let now = 0
    const delays = Array.from({ length: 7 }, () => {
      const [taken] = plan.take(now, 1)
      const delay = plan.failed(taken!, now)
      expect(plan.find('a', 'token')?.held).toStrictEqual(fresh(0))
      expect(plan.nextMs()).toBe(now + delay)
      now += delay
      return delay
    })
    expect(delays).toStrictEqual([1500, 3000, 6000, 12_000, 24_000, 30_000, 30_000])
    expect(plan.counts(now).failing).toBe(1)
    const [taken] = plan.take(now, 1)
    plan.succeeded(taken!, fresh(now), now)
    expect(plan.counts(now)).toStrictEqual({ files: 1, refreshing: 0, failing: 0, without: 0 })
    const [again] = plan.take(now + LIFE, 1)
    expect(plan.failed(again!, now + LIFE)).toBe(1500)
  })

  it('forgets what became of a file that was put again or removed meanwhile', () => {
    const plan = createRefreshPlan(createRandom(4))
    plan.put('a', file, 0)
    const [first] = plan.take(0, 1)
    plan.put('a', { name: 'token', ttl: 60 }, 5, { ...fresh(0), isDue: true })
    expect(plan.isCurrent(first!)).toBe(false)
    plan.succeeded(first!, fresh(6), 6)
    expect(plan.nextMs()).toBe(5)
    const [second] = plan.take(6, 1)
    expect(second?.file.ttl).toBe(60)
    plan.remove('a', 'token')
    expect(plan.failed(second!, 7)).toBe(0)
    expect(plan.nextMs()).toBeUndefined()
    expect(plan.counts(7)).toStrictEqual({ files: 0, refreshing: 0, failing: 0, without: 0 })
  })

  it('counts files whose token has expired, at its last second and not before', () => {
    const plan = createRefreshPlan(createRandom(5))
    plan.put('a', file, 0, fresh(0))
    plan.put('b', file, 0)
    expect(plan.counts(LIFE - 1).without).toBe(1)
    expect(plan.counts(LIFE).without).toBe(2)
  })

  it('spreads files that came at once evenly from their first refresh on, and lets none come late', () => {
    const plan = createRefreshPlan(createRandom(6))
    const files = 10_000
    for (let at = 0; at < files; at += 1) plan.put(`s${at}`, file, 0)
    for (const taken of plan.take(0, files)) plan.succeeded(taken, fresh(0), 0)
    const perMinute: number[] = []
    let latest = 0
    for (let minute = 0; minute < 180; minute += 1) {
      perMinute.push(0)
      for (let now = minute * 60_000; now < (minute + 1) * 60_000; now += 5000) {
        for (const taken of plan.take(now, files)) {
          perMinute[minute] = (perMinute[minute] ?? 0) + 1
          latest = Math.max(latest, now - (taken.held?.issuedMs ?? 0))
          plan.succeeded(taken, fresh(now), now)
        }
      }
    }
    // Each file twice an hour and a little more: 350 to 370 in a minute.
    const steady = perMinute.slice(10)
    expect(Math.min(...steady)).toBeGreaterThan(200)
    expect(Math.max(...steady)).toBeLessThan(470)
    expect(latest).toBeLessThanOrEqual(0.48 * LIFE + 5000)
  })

  it('refreshes a few files of one moment within their usual window', () => {
    const plan = createRefreshPlan(createRandom(7))
    for (let at = 0; at < 100; at += 1) plan.put(`s${at}`, file, 0)
    for (const taken of plan.take(0, 100)) plan.succeeded(taken, fresh(0), 0)
    expect(plan.take(1_619_999, 100)).toHaveLength(0)
    expect(plan.take(1_728_000, 100)).toHaveLength(100)
  })

  it('counts no file for the crowd that is there no more', () => {
    const plan = createRefreshPlan(createRandom(9))
    for (let at = 0; at < 5000; at += 1) plan.put(`s${at}`, file, 0, fresh(0))
    for (let at = 0; at < 5000; at += 1) plan.remove(`s${at}`, 'token')
    for (let at = 0; at < 100; at += 1) plan.put(`t${at}`, file, 0, fresh(0))
    expect(plan.take(1_619_999, 100)).toHaveLength(0)
    expect(plan.take(1_728_000, 100)).toHaveLength(100)
  })

  it('gives none that was removed while it was due', () => {
    const plan = createRefreshPlan(createRandom(10))
    for (const [id, life] of [
      ['a', 1000],
      ['b', 2000],
      ['c', 3000],
    ] as const)
      plan.put(id, file, 0, { issuedMs: -100_000, expiresMs: life })
    expect(plan.take(0, 1).map(({ sandboxId }) => sandboxId)).toStrictEqual(['a'])
    plan.remove('c', 'token')
    expect(plan.take(0, 9).map(({ sandboxId }) => sandboxId)).toStrictEqual(['b'])
    expect(plan.nextMs()).toBeUndefined()
  })

  it('remembers no more than twice the files there are, however many came and went', () => {
    const plan = createRefreshPlan(createRandom(8))
    for (let at = 0; at < 20_000; at += 1) {
      plan.put(`s${at}`, file, at, fresh(at))
      plan.remove(`s${at - 10}`, 'token')
      expect(plan.size()).toBeLessThan(150)
    }
    expect(plan.counts(0).files).toBe(10)
  })

  it('never gives a file twice, gives every due one sooner or later, and the nearest to expire first', () => {
    const step = fc.record({
      what: fc.constantFrom('put', 'remove', 'take', 'succeed', 'fail', 'pass'),
      id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      ms: fc.integer({ min: 1, max: 4_000_000 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer(), (steps, seed) => {
        const plan = createRefreshPlan(createRandom(seed))
        const busy = new Map<string, NonNullable<ReturnType<typeof plan.find>>>()
        let now = 0
        for (const { what, id, ms } of steps) {
          const begun = busy.get(id)
          if (what === 'pass') now += ms
          if (what === 'put') plan.put(id, { name: 'token', ttl: ms }, now, fresh(now - (ms % 1000), LIFE))
          if (what === 'remove') plan.remove(id, 'token')
          if (what === 'put' || what === 'remove') busy.delete(id)
          if (what === 'take') {
            const taken = plan.take(now, 2)
            const expiries = taken.map(({ held }) => held?.expiresMs ?? Number.NEGATIVE_INFINITY)
            expect(expiries).toStrictEqual([...expiries].sort((a, b) => a - b))
            for (const one of taken) {
              expect(busy.has(one.sandboxId)).toBe(false)
              busy.set(one.sandboxId, one)
            }
          }
          if (begun !== undefined && what === 'succeed') plan.succeeded(begun, fresh(now), now)
          if (begun !== undefined && what === 'fail') plan.failed(begun, now)
          if (what === 'succeed' || what === 'fail') busy.delete(id)
          expect(plan.counts(now).refreshing).toBe(busy.size)
        }
        const idle = plan.counts(now).files - busy.size
        expect(plan.take(now + 2 * LIFE, 100)).toHaveLength(idle)
      }),
      { seed: 20_260_104 },
    )
  })
})
