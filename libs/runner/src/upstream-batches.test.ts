import { HttpRefusal } from '@workload-identity/transport-http'
import { describe, expect, it } from 'vitest'
import { createManualTime } from '../test/manual-time.ts'
import type { RefusedEntry } from './entry-refusal.ts'
import { createUpstreamBatches, type BatchOutcome, type UpstreamBatchesOptions } from './upstream-batches.ts'

interface Answer {
  readonly sandbox_id: string
  readonly value: string
}

const withCode = (code: string) => expect.objectContaining({ code }) as Error
const answerTo = (id: string): Answer => ({ sandbox_id: id, value: `token of ${id}` })
const ids = (count: number, prefix = 's') => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

/** Batches of at most 3 whose sending is noted; answered at once unless `hold` is called. */
function createTestBatches(changes: Partial<UpstreamBatchesOptions<string, Answer>> = {}) {
  const time = createManualTime()
  const sent: string[][] = []
  const outcomes: BatchOutcome[] = []
  const held: PromiseWithResolvers<undefined>[] = []
  let isHolding = false
  const batches = createUpstreamBatches<string, Answer>({
    operation: 'tokens',
    async send(requests) {
      sent.push([...requests])
      if (isHolding) {
        const gate = Promise.withResolvers<undefined>()
        held.push(gate)
        await gate.promise
      }
      return requests.map(answerTo)
    },
    sandboxOf: (request) => request,
    sizeOf: () => 10,
    maxEntries: 3,
    maxBytes: 1000,
    lingerMs: 2,
    maxInFlight: 2,
    maxQueued: 5,
    nowMs: time.monotonicMs,
    startTimer: time.startTimer,
    onOutcome: (outcome) => outcomes.push(outcome),
    ...changes,
  })
  return { time, sent, outcomes, held, batches, hold: () => (isHolding = true) }
}

describe('createUpstreamBatches', () => {
  it('sends together what is asked within two milliseconds, and gives each its own answer', async () => {
    const { time, sent, outcomes, batches } = createTestBatches()
    const first = batches.ask('a')
    await time.advance(1)
    const second = batches.ask('b')
    expect(sent).toEqual([])
    expect(batches.queued()).toBe(2)
    await time.advance(1)
    expect(await Promise.all([first, second])).toEqual([answerTo('a'), answerTo('b')])
    expect(sent).toEqual([['a', 'b']])
    expect(outcomes).toEqual([{ operation: 'tokens', entries: 2, refused: 0, seconds: 0 }])
  })

  it('sends a full batch at once, and the rest of it when the time is over', async () => {
    const { time, sent, batches } = createTestBatches()
    const asked = ids(4).map((id) => batches.ask(id))
    expect(sent).toEqual([['s0', 's1', 's2']])
    await time.advance(2)
    await Promise.all(asked)
    expect(sent).toEqual([['s0', 's1', 's2'], ['s3']])
  })

  it('makes no batch larger than allowed, unless it is one request', async () => {
    const { time, sent, batches } = createTestBatches({
      maxBytes: 25,
      sizeOf: (id) => (id === 'huge' ? 99 : 10),
    })
    const asked = ['a', 'b', 'c', 'huge'].map((id) => batches.ask(id))
    await time.until(Promise.all(asked))
    expect(sent).toEqual([['a', 'b'], ['c'], ['huge']])
  })

  it('has at most so many under way, and sends what waits when one comes back', async () => {
    const { time, sent, held, hold, batches } = createTestBatches()
    hold()
    const asked = ids(8).map((id) => batches.ask(id))
    await time.advance(10)
    expect(sent).toHaveLength(2)
    expect([batches.inFlight(), batches.queued()]).toEqual([2, 2])
    held[1]?.resolve(undefined)
    await time.advance(0)
    expect(sent[2]).toEqual(['s6', 's7'])
    held[0]?.resolve(undefined)
    held[2]?.resolve(undefined)
    await Promise.all(asked)
    expect([batches.inFlight(), batches.queued()]).toEqual([0, 0])
  })

  it('refuses with ERR_ISSUER_UNAVAILABLE what would be the sixth to wait', async () => {
    const { time, held, hold, batches } = createTestBatches()
    hold()
    const asked = ids(11).map((id) => batches.ask(id))
    await time.advance(10)
    await expect(batches.ask('late')).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
    for (let index = 0; index < 4; index += 1) {
      held[index]?.resolve(undefined)
      await time.advance(10)
    }
    expect(await Promise.all(asked)).toHaveLength(11)
  })

  it('gives a refusal to the one it is for, in the words of the issuer', async () => {
    const refused: RefusedEntry = { sandbox_id: 'b', error: 'access_denied', error_description: 'not yours' }
    const { time, outcomes, batches } = createTestBatches({
      send: (requests) => Promise.resolve(requests.map((id) => (id === 'b' ? refused : answerTo(id)))),
    })
    const [first, second] = [batches.ask('a'), batches.ask('b')]
    const error = await time.until(second.catch((reason: unknown) => reason))
    expect(error).toBeInstanceOf(HttpRefusal)
    expect((error as HttpRefusal).answer).toEqual({
      status: 403,
      error: 'access_denied',
      description: 'not yours',
    })
    expect(await first).toEqual(answerTo('a'))
    expect(outcomes[0]?.refused).toBe(1)
  })

  it('says ERR_ISSUER_UNAVAILABLE to all of a batch that failed, and tells why', async () => {
    const failure = new Error('no route')
    const { time, outcomes, batches } = createTestBatches({ send: () => Promise.reject(failure) })
    const asked = ids(2).map((id) => batches.ask(id))
    const results = await time.until(Promise.allSettled(asked))
    for (const result of results) {
      expect(result).toMatchObject({ reason: { code: 'ERR_ISSUER_UNAVAILABLE', cause: failure } })
    }
    expect(outcomes).toEqual([{ operation: 'tokens', entries: 2, refused: 0, seconds: 0, error: failure }])
  })

  it.each([
    ['in another order', (requests: readonly string[]) => requests.toReversed().map(answerTo)],
    ['short of one', (requests: readonly string[]) => requests.slice(1).map(answerTo)],
    ['with one too many', (requests: readonly string[]) => [...requests, 'x'].map(answerTo)],
  ])('gives nobody anything of answers that came %s', async (_, answersTo) => {
    const { time, batches } = createTestBatches({ send: (requests) => Promise.resolve(answersTo(requests)) })
    const results = await time.until(Promise.allSettled(ids(2).map((id) => batches.ask(id))))
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_ISSUER_UNAVAILABLE' } })
    }
  })
})
