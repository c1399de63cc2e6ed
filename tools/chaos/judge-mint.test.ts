import { describe, expect, it } from 'vitest'
import { judgeMint, type MintAnswer, type SandboxHistory } from './judge-mint.ts'
import type { Outage } from './outages.ts'

const delays = { onOthersMs: 2000, storeLagMs: 8000 }
const calm = { outages: [], delays }
const replica = { index: 0, starts: 1 }
const other = { index: 1, starts: 1 }

function answer(status: number, sentAt: number, more: Partial<MintAnswer> = {}): MintAnswer {
  return { replica, status, sentAt, answeredAt: sentAt + 10, hasRetryAfter: status === 503, ...more }
}

function live(more: Partial<SandboxHistory> = {}): SandboxHistory {
  return { sandboxId: 'sb', askedAt: 0, liveAt: 1000, endTried: [], unknown: [], ...more }
}

function outageOf(replicas: readonly number[], more: Partial<Outage> = {}): Outage {
  return { replicas, from: 10_000, darkFrom: 10_000, ...more }
}

describe('judgeMint', () => {
  it('accepts a token for a live sandbox and 403 for a secret that nobody has', () => {
    expect(judgeMint(answer(200, 2000), live(), calm)).toBeUndefined()
    expect(judgeMint(answer(403, 2000), undefined, calm)).toBeUndefined()
  })

  it('finds a token for a secret that nobody has', () => {
    expect(judgeMint(answer(200, 2000), undefined, calm)).toBe('a token for a secret that nobody has')
  })

  it('accepts 503 with Retry-After, and finds one without, and every other status', () => {
    expect(judgeMint(answer(503, 2000), live(), calm)).toBeUndefined()
    expect(judgeMint(answer(503, 2000, { hasRetryAfter: false }), live(), calm)).toBe(
      'a 503 without Retry-After',
    )
    expect(judgeMint(answer(500, 2000), live(), calm)).toBe('an answer of status 500')
  })

  describe('of a live sandbox', () => {
    it('finds a 403, from the moment its registration was confirmed until its end is asked for', () => {
      const problem = 'a 403 for a live sandbox'
      const sandbox = live({ endAskedAt: 5000 })
      expect(judgeMint(answer(403, 999), sandbox, calm)).toBeUndefined()
      expect(judgeMint(answer(403, 1000), sandbox, calm)).toBe(problem)
      expect(judgeMint(answer(403, 4989), sandbox, calm)).toBe(problem)
      expect(judgeMint(answer(403, 4990), sandbox, calm)).toBeUndefined()
    })

    it('accepts a 403 when its registration is not confirmed', () => {
      const asked: SandboxHistory = { sandboxId: 'sb', askedAt: 0, endTried: [], unknown: [] }
      expect(judgeMint(answer(403, 2000), asked, calm)).toBeUndefined()
    })

    it('accepts a 403 only while an accepted loss of the registry has made it unknown', () => {
      const sandbox = live({ unknown: [{ from: 3000, to: 4000 }] })
      expect(judgeMint(answer(403, 2989), sandbox, calm)).toBe('a 403 for a live sandbox')
      expect(judgeMint(answer(403, 2990), sandbox, calm)).toBeUndefined()
      expect(judgeMint(answer(403, 4000), sandbox, calm)).toBeUndefined()
      expect(judgeMint(answer(403, 4001), sandbox, calm)).toBe('a 403 for a live sandbox')
      expect(judgeMint(answer(403, 9000), live({ unknown: [{ from: 3000 }] }), calm)).toBeUndefined()
    })
  })

  describe('of an ended sandbox', () => {
    const ended = live({ endAskedAt: 4990, ended: { replica, at: 5000 } })

    it('finds a token from the replica that ended it at once, and accepts one that was asked for before', () => {
      expect(judgeMint(answer(200, 4999), ended, calm)).toBeUndefined()
      expect(judgeMint(answer(200, 5000), ended, calm)).toBe('a token 0 ms after it ended the sandbox')
    })

    it('finds a token from another replica, or one started anew, after 2 seconds', () => {
      const problem = 'a token 2000 ms after another replica ended the sandbox; 2000 ms are allowed'
      for (const replicaAsked of [other, { index: 0, starts: 2 }]) {
        expect(judgeMint(answer(200, 6999, { replica: replicaAsked }), ended, calm)).toBeUndefined()
        expect(judgeMint(answer(200, 7000, { replica: replicaAsked }), ended, calm)).toBe(problem)
      }
    })

    it('finds a token from a replica that could not reach its store after the store lag', () => {
      const outages = [outageOf([1], { from: 6000, healedAt: 6500 })]
      const asked = (sentAt: number) =>
        judgeMint(answer(200, sentAt, { replica: other }), ended, { outages, delays })
      expect(asked(12_999)).toBeUndefined()
      expect(asked(13_000)).toMatch('8000 ms are allowed')
    })

    it('allows nothing more for an outage of other replicas, or one that was healed before the end', () => {
      for (const outage of [outageOf([2], { from: 6000 }), outageOf([1], { from: 3000, healedAt: 4999 })]) {
        const circumstances = { outages: [outage], delays }
        expect(judgeMint(answer(200, 7000, { replica: other }), ended, circumstances)).toMatch(
          '2000 ms are allowed',
        )
      }
    })
  })

  describe('while the store is away', () => {
    const outages = [outageOf([0], { liftedAt: 20_000 })]
    const away = { outages, delays }

    it('finds a 403, whoever asks, if the outage covers the whole request', () => {
      const problem = 'a 403 by a replica that could not reach its store'
      expect(judgeMint(answer(403, 9999), undefined, away)).toBeUndefined()
      expect(judgeMint(answer(403, 10_000), undefined, away)).toBe(problem)
      expect(judgeMint(answer(403, 19_990), undefined, away)).toBe(problem)
      expect(judgeMint(answer(403, 19_991), undefined, away)).toBeUndefined()
      expect(judgeMint(answer(403, 12_000, { replica: other }), undefined, away)).toBeUndefined()
    })

    it('finds a token from the very process that tried to end the sandbox', () => {
      const tried = live({ endAskedAt: 12_000, endTried: [{ replica, at: 12_500 }] })
      expect(judgeMint(answer(200, 12_499), tried, away)).toBeUndefined()
      expect(judgeMint(answer(200, 12_500), tried, away)).toMatch('a token from the replica that was asked')
      expect(judgeMint(answer(200, 12_500, { replica: other }), tried, away)).toBeUndefined()
      expect(
        judgeMint(answer(200, 12_500, { replica: { index: 0, starts: 2 } }), tried, away),
      ).toBeUndefined()
      expect(judgeMint(answer(200, 19_995), tried, away)).toBeUndefined()
    })
  })
})
