import { IssuerError } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { createManualTime } from '../test/manual-time.ts'
import { createAssignmentPoll, nextDelayMs } from './assignment-poll.ts'

const withCode = (code: string) => expect.objectContaining({ code }) as Error
const away = () => new IssuerError('ERR_ISSUER_UNAVAILABLE', 'away')

/** A poll of every 3 s whose questions are noted, and answered when told. */
function createTestPoll() {
  const time = createManualTime()
  const asked: number[] = []
  const fresh: boolean[] = []
  const state: { error?: Error; held?: PromiseWithResolvers<void> } = {}
  const start = time.monotonicMs()
  const poll = createAssignmentPoll({
    async ask(askedAtMs, isFresh) {
      asked.push(askedAtMs - start)
      fresh.push(isFresh)
      await state.held?.promise
      if (state.error !== undefined) throw state.error
    },
    pollEveryMs: 3000,
    refreshAtMostEveryMs: 2000,
    nowMs: time.monotonicMs,
    random: () => 0.5,
    startTimer: time.startTimer,
  })
  return { time, asked, fresh, state, poll }
}

describe('createAssignmentPoll', () => {
  it('asks at once and then again and again', async () => {
    const { time, asked, poll } = createTestPoll()
    poll.start()
    await time.advance(9000)
    expect(asked).toEqual([0, 3000, 6000, 9000])
  })

  it('asks one question at a time', async () => {
    const { time, asked, state, poll } = createTestPoll()
    state.held = Promise.withResolvers()
    poll.start()
    await time.advance(10_000)
    expect(asked).toEqual([0])
    state.held.resolve()
    await time.advance(3000)
    expect(asked).toEqual([0, 13_000])
  })

  it('asks at once for all who wait, and for a fresh answer', async () => {
    const { time, asked, fresh, poll } = createTestPoll()
    poll.start()
    await time.advance(500)
    const waiting = [poll.freshAnswer(), poll.freshAnswer(), poll.freshAnswer()]
    await time.advance(0)
    await Promise.all(waiting)
    expect(asked).toEqual([0, 500])
    expect(fresh).toEqual([false, true])
    await time.advance(3000)
    expect(asked).toEqual([0, 500, 3500])
  })

  it('asks for fresh answers at most every two seconds', async () => {
    const { time, asked, poll } = createTestPoll()
    poll.start()
    await time.advance(500)
    void poll.freshAnswer()
    await time.advance(100)
    const again = poll.freshAnswer()
    await time.advance(1899)
    expect(asked).toEqual([0, 500])
    await time.advance(1)
    await again
    expect(asked).toEqual([0, 500, 2500])
  })

  it('gives who waits the fresh answer that is under way, and never one that is not', async () => {
    const { time, asked, fresh, state, poll } = createTestPoll()
    state.held = Promise.withResolvers()
    poll.start()
    await time.advance(100)
    const first = poll.freshAnswer()
    state.held.resolve()
    state.held = Promise.withResolvers()
    await time.advance(0)
    expect([poll.asked(), poll.lastFreshAnswered()]).toEqual([2, 0])
    const second = poll.freshAnswer()
    state.held.resolve()
    await Promise.all([first, second])
    expect(asked).toEqual([0, 100])
    expect(fresh).toEqual([false, true])
    expect([poll.asked(), poll.lastFreshAnswered()]).toEqual([2, 2])
  })

  it('gives who waits the failure, and heals by itself within 5 s of the issuer', async () => {
    const { time, asked, state, poll } = createTestPoll()
    state.error = away()
    poll.start()
    const waiting = expect(poll.freshAnswer()).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
    await time.advance(60_000)
    await waiting
    expect(asked.slice(0, 6)).toEqual([0, 0, 1000, 3000, 7000, 12_000])
    const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0))
    expect(Math.max(...gaps)).toBe(5000)
    expect(poll.lastFreshAnswered()).toBe(0)
    delete state.error
    const healed = poll.freshAnswer()
    await time.advance(5000)
    await healed
    expect(poll.lastFreshAnswered()).toBeGreaterThan(0)
  })

  it('tells who waits when it is stopped, and who asks before it starts', async () => {
    const { time, poll } = createTestPoll()
    await expect(poll.freshAnswer()).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
    poll.start()
    await time.advance(500)
    void poll.freshAnswer()
    await time.advance(500)
    const waiting = poll.freshAnswer()
    await poll.stop()
    await expect(waiting).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
    expect(time.timers()).toBe(0)
  })

  it('stops when the question under way is answered, and asks no other', async () => {
    const { time, asked, state, poll } = createTestPoll()
    state.held = Promise.withResolvers()
    poll.start()
    let isStopped = false
    const stopped = poll.stop().then(() => (isStopped = true))
    await time.advance(100)
    expect(isStopped).toBe(false)
    state.held.resolve()
    await stopped
    await time.advance(60_000)
    expect(asked).toEqual([0])
  })
})

describe('nextDelayMs', () => {
  it.each([
    [0, 0, 2400],
    [0, 0.999_999, 3600],
    [1, 0, 400],
    [2, 0.5, 1000],
    [4, 0.999_999, 4800],
    [5, 0.999_999, 5000],
    [1000, 0, 5000],
  ])('after %i failures and with chance %d is about %i ms', (failures, chance, expected) => {
    expect(Math.round(nextDelayMs(failures, 3000, () => chance))).toBe(expected)
  })
})
