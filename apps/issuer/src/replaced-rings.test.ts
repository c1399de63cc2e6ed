import {
  applyStep,
  createKeyRing,
  generateKeyMaterial,
  IssuerError,
  seconds,
  unixSeconds,
  type KeyStore,
} from '@workload-identity/core'
import { createMemoryKeyStore } from '@workload-identity/core/testing'
import { createLogger } from '@workload-identity/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createReplacedRings, mayHoldReplaced } from './replaced-rings.ts'

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

  it('tries ever more rarely while the same is left, and at once after the next save', async () => {
    let calls = 0
    const { replaced } = start(true, async () => {
      calls += 1
      return ['replicas keep files of their own']
    })
    await vi.advanceTimersByTimeAsync(1_000_000)
    expect([calls, replaced.isPending()]).toEqual([22, true])
    await vi.advanceTimersByTimeAsync(64_000)
    expect(calls).toBe(23)
    await replaced.keyStore.save(ring, undefined)
    await vi.advanceTimersByTimeAsync(0)
    expect(calls).toBe(24)
    await vi.advanceTimersByTimeAsync(1000)
    expect(calls).toBe(25)
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

describe('mayHoldReplaced', () => {
  it('is so while a retired key is there, and for keepRetired after a key left', async () => {
    const at = unixSeconds
    const uuid = '11111111-1111-4111-8111-111111111111'
    const start = {
      ...{ ringId: uuid, writeId: uuid, registryId: uuid, clusterId: 'c1' },
      ...{ issuerUrl: 'https://id.example.com', key: await generateKeyMaterial('EdDSA') },
    }
    const first = createKeyRing(start, at(1000))
    const keepRetired = seconds(500)
    expect(mayHoldReplaced(first, keepRetired, at(1001))).toBe(false)

    const [key, successor] = await Promise.all([generateKeyMaterial('EdDSA'), generateKeyMaterial('EdDSA')])
    const rotated = applyStep(first, { type: 'take-over', key, keepRetired }, at(2000))
    expect(mayHoldReplaced(rotated, keepRetired, at(9000))).toBe(true)

    const revoked = applyStep(first, { type: 'revoke', kid: start.key.kid, successor }, at(2000))
    expect(mayHoldReplaced(revoked, keepRetired, at(2499))).toBe(true)
    expect(mayHoldReplaced(revoked, keepRetired, at(2500))).toBe(false)
  })
})
