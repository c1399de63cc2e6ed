import { IssuerError, type IssuerErrorCode, type KeyRing, type RingRepair } from '@workload-identity/core'
import { createLogger } from '@workload-identity/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRingRefreshLoop } from './ring-refresh-loop.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function startLoop() {
  const state = {
    ...{ reads: 0, generation: 1 },
    failure: undefined as IssuerErrorCode | undefined,
    repair: undefined as RingRepair | undefined,
  }
  const messages: string[] = []
  const repairs: RingRepair[] = []
  const loop = createRingRefreshLoop({
    keyRing: {
      ring: () => ({ generation: state.generation }) as KeyRing,
      refresh: async () => {
        state.reads += 1
        if (state.failure !== undefined) throw new IssuerError(state.failure, 'failed')
        if (state.reads === 2) state.generation = 2
        return state.repair ?? { outcome: 'unchanged' }
      },
    },
    logger: createLogger('info', { write: (line) => void messages.push(JSON.parse(line).msg) }),
    onRepaired: (repair) => repairs.push(repair),
    everyMs: 4000,
  })
  loop.start()
  return { state, loop, messages, repairs }
}

describe('createRingRefreshLoop', () => {
  it('reads the ring after each pause and tells when it changed', async () => {
    const { state, messages, loop } = startLoop()
    await vi.advanceTimersByTimeAsync(3999)
    expect(state.reads).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(state.reads).toBe(1)
    await vi.advanceTimersByTimeAsync(4000)
    expect(messages).toEqual(['took over a changed key ring'])
    await loop.stop()
  })

  it('goes on after failures and logs each change of state once', async () => {
    const { state, messages, loop } = startLoop()
    state.generation = 2
    state.failure = 'ERR_STORE_UNAVAILABLE'
    await vi.advanceTimersByTimeAsync(12_000)
    state.failure = 'ERR_STORE_ROLLED_BACK'
    await vi.advanceTimersByTimeAsync(8000)
    state.failure = undefined
    await vi.advanceTimersByTimeAsync(8000)
    expect(state.reads).toBe(7)
    expect(messages).toEqual([
      'the key ring cannot be read again; the one in use stays',
      'the key ring cannot be read again; the one in use stays',
      'the key ring can be read again',
    ])
    await loop.stop()
  })

  it.each<[RingRepair['found'], RegExp]>([
    ['emptied', /^the key store was emptied: wrote the key ring back/],
    ['older', /^the key store went back in time/],
    ['diverged', /^the key store held a key ring that lacked keys or revocations/],
    ['other-lineage', /^the key store held another key ring of this cluster/],
  ])('tells every repair of a store that was %s loudly, and reports it', async (found, sentence) => {
    const { state, messages, repairs, loop } = startLoop()
    state.repair = { outcome: 'wrote-back', found, generation: 1, write_id: 'w' }
    await vi.advanceTimersByTimeAsync(4000)
    expect(messages).toEqual([expect.stringMatching(sentence)])
    expect(repairs).toEqual([state.repair])
    await loop.stop()
  })

  it('reads no more once it is stopped', async () => {
    const { state, loop } = startLoop()
    await vi.advanceTimersByTimeAsync(4000)
    await loop.stop()
    await vi.advanceTimersByTimeAsync(40_000)
    expect(state.reads).toBe(1)
  })
})
