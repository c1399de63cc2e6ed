import { IssuerError, type KeyStore } from '@workload-identity/core'
import { createMemoryKeyStore } from '@workload-identity/core/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLogger } from './logging.ts'
import { createReplacedRings } from './replaced-rings.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const ring = { generation: 1, write_id: 'w1', document: '{}' }

function start(
  startsPending: boolean,
  erase?: () => Promise<readonly string[]>,
  memory = createMemoryKeyStore(),
) {
  const messages: string[] = []
  const keyStore: KeyStore = {
    ...memory,
    ...(erase !== undefined && { eraseReplaced: erase }),
  }
  const replaced = createReplacedRings({
    keyStore,
    logger: createLogger('info', { write: (line) => void messages.push(String(JSON.parse(line).msg)) }),
    startsPending,
    everyMs: 1000,
  })
  replaced.task.start()
  return { replaced, messages }
}

describe('createReplacedRings', () => {
  it('has what a save replaced erased at once, and nothing more without a save', async () => {
    let calls = 0
    const { replaced } = start(false, async () => {
      calls += 1
      return []
    })
    await vi.advanceTimersByTimeAsync(2000)
    expect(calls).toBe(0)
    await replaced.keyStore.save(ring, undefined)
    await vi.advanceTimersByTimeAsync(0)
    expect([calls, replaced.isPending()]).toEqual([1, false])
    await vi.advanceTimersByTimeAsync(5000)
    expect(calls).toBe(1)
    await replaced.task.stop()
  })

  it('erases after the start what a process before may have left', async () => {
    let calls = 0
    const { replaced } = start(true, async () => {
      calls += 1
      return []
    })
    await vi.advanceTimersByTimeAsync(3000)
    expect(calls).toBe(1)
    await replaced.task.stop()
  })

  it('warns once of what is left and tries until nothing is', async () => {
    const answers = [['the log keeps them'], ['the log keeps them'], 'failure', []] as const
    let calls = 0
    const { replaced, messages } = start(true, async () => {
      const answer = answers[calls++] ?? []
      if (answer === 'failure') throw new IssuerError('ERR_STORE_UNAVAILABLE', 'away')
      return answer
    })
    await vi.advanceTimersByTimeAsync(3000)
    expect([calls, replaced.isPending()]).toEqual([3, true])
    await vi.advanceTimersByTimeAsync(5000)
    expect([calls, replaced.isPending()]).toEqual([4, false])
    expect(messages).toEqual([
      'private halves of keys that were replaced may be left in the key store',
      'private halves of keys that were replaced may be left in the key store',
      'what was left of replaced key rings is erased',
    ])
    await replaced.task.stop()
  })

  it('erases after a save of which it is not known whether it was done', async () => {
    const storage = { unavailable: true }
    const keyStore = createMemoryKeyStore(storage)
    let calls = 0
    const erase = async () => {
      calls += 1
      return []
    }
    const { replaced } = start(false, erase, keyStore)
    await expect(replaced.keyStore.save(ring, undefined)).rejects.toThrow(/unavailable/)
    await vi.advanceTimersByTimeAsync(0)
    expect([calls, replaced.isPending()]).toEqual([1, false])
    await replaced.task.stop()
  })

  it('erases nothing after a save that was too late', async () => {
    let calls = 0
    const { replaced } = start(false, async () => {
      calls += 1
      return []
    })
    await expect(replaced.keyStore.save(ring, ring)).rejects.toThrow(/changed/)
    await vi.advanceTimersByTimeAsync(2000)
    expect([calls, replaced.isPending()]).toEqual([0, false])
    await replaced.task.stop()
  })

  it('is never pending with a store that leaves nothing behind', async () => {
    const { replaced } = start(true)
    await replaced.keyStore.save(ring, undefined)
    expect(replaced.isPending()).toBe(false)
    await replaced.task.stop()
  })
})
