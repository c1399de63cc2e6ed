import { createKeyRing, generateKeyMaterial, applyStep, seconds, type KeyRing } from '@workload-identity/core'
import { createFixedClock } from '@workload-identity/core/testing'
import { createLogger } from '@workload-identity/service'
import { describe, expect, it } from 'vitest'
import { createLeapWatch } from './leap-watch.ts'

async function startWatch(behindBy = 0) {
  const clock = createFixedClock()
  const ids = { ringId: 'r', writeId: 'w', clusterId: 'c', registryId: 'g', issuerUrl: 'https://i.example' }
  const fresh = createKeyRing({ ...ids, key: await generateKeyMaterial('EdDSA') }, clock.now())
  const next = await generateKeyMaterial('EdDSA')
  const ring: KeyRing = applyStep(fresh, { type: 'publish-next', key: next }, clock.now())
  clock.advance(-behindBy)
  const lines: string[] = []
  let elapsed = 0
  const watch = createLeapWatch({
    clock: clock.now,
    monotonic: () => seconds(elapsed),
    ring: () => ring,
    policy: { publishAhead: seconds(3000) },
    logger: createLogger('info', { write: (line) => void lines.push(String(JSON.parse(line).msg)) }),
  })
  const wait = (duration: number) => {
    elapsed += duration
    clock.advance(duration)
  }
  return { watch, clock, wait, lines, next }
}

describe('createLeapWatch', () => {
  it('holds the next key and says so while the clock is ahead, once in the log', async () => {
    const { watch, clock, wait, lines, next } = await startWatch()
    wait(1000)
    expect([watch.holds(), watch.findProblem(), watch.aheadBy()]).toEqual([[], undefined, 0])
    clock.advance(18_000)
    expect(watch.holds()).toMatchObject([{ kid: next.kid, until: clock.now() + 2000 }])
    expect(watch.findProblem()).toMatch(/^clock: the clock leapt ahead by 5h, or the machine slept/)
    expect(watch.aheadBy()).toBe(18_000)
    expect(lines).toEqual([expect.stringMatching(/^the clock leapt ahead by 5h/)])
    clock.advance(-18_000)
    expect([watch.holds(), watch.findProblem(), watch.aheadBy()]).toEqual([[], undefined, 0])
    expect(lines).toHaveLength(2)
    expect(lines[1]).toMatch(/put back/)
  })

  it.each([
    ['by the tolerance', 60, []],
    ['by more', 61, [expect.stringMatching(/^the key ring holds a date that is 1m 1s ahead/)]],
  ])('tells at the start of a ring that is dated ahead of the clock %s', async (_, behindBy, told) => {
    expect((await startWatch(behindBy)).lines).toEqual(told)
  })

  it('warns for publishAhead, and goes on reckoning with it after that', async () => {
    const { watch, clock, wait } = await startWatch()
    clock.advance(18_000)
    expect(watch.findProblem()).toBeDefined()
    wait(2999)
    expect(watch.findProblem()).toBeDefined()
    wait(1)
    expect([watch.findProblem(), watch.aheadBy()]).toEqual([undefined, 18_000])
    clock.advance(61)
    expect(watch.findProblem()).toBeDefined()
  })
})
