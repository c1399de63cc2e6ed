import { IssuerError, type IssuerErrorCode, type KeyRing } from '@workload-identity/core'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogger } from './logging.ts'
import { createRingRefreshLoop } from './ring-refresh-loop.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function startLoop() {
  const state = { reads: 0, generation: 1, failure: undefined as IssuerErrorCode | undefined }
  const messages: string[] = []
  const loop = createRingRefreshLoop({
    keyRing: {
      ring: () => ({ generation: state.generation }) as KeyRing,
      refresh: async () => {
        state.reads += 1
        if (state.failure !== undefined) throw new IssuerError(state.failure, 'failed')
        if (state.reads === 2) state.generation = 2
      },
    },
    logger: createLogger('info', { write: (line) => void messages.push(JSON.parse(line).msg) }),
    everyMs: 4000,
  })
  loop.start()
  return { state, loop, messages }
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

  it('reads no more once it is stopped', async () => {
    const { state, loop } = startLoop()
    await vi.advanceTimersByTimeAsync(4000)
    await loop.stop()
    await vi.advanceTimersByTimeAsync(40_000)
    expect(state.reads).toBe(1)
  })
})
