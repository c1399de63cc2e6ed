import { IssuerError, unixSeconds, type UnixSeconds } from '@workload-identity/core'
import { createMemoryEndedAssignments } from '@workload-identity/core/testing'
import { createLogger } from '@workload-identity/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createExpirySweep } from './expiry-sweep.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const NOW = 1_767_225_600
const KEPT = 93_600
const at = unixSeconds
const note = (sandbox_id: string, ended_at: number) => ({
  ...{ runner_id: 'node-1', sandbox_id },
  ended_at: at(ended_at),
})

function start(removeExpired: (now: UnixSeconds, limit: number) => Promise<number>) {
  const ended = createMemoryEndedAssignments()
  const lines: unknown[] = []
  const logger = createLogger('info', { write: (line) => void lines.push(JSON.parse(line)) })
  const sweep = createExpirySweep({
    ...{ sandboxes: { removeExpired }, ended, logger },
    clock: () => at(NOW),
    everyMs: 1000,
  })
  sweep.start()
  const left = async () => (await ended.list('node-1', at(0), at(NOW))).map(({ sandbox_id }) => sandbox_id)
  return { ended, lines, left, sweep }
}

describe('createExpirySweep', () => {
  it('deletes expired records, and notes that are older than runners are told of, but no younger ones', async () => {
    const asked: unknown[] = []
    const { ended, left, sweep } = start(async (now, limit) => {
      asked.push([now, limit])
      return 3
    })
    await ended.put([note('older', NOW - KEPT - 1), note('told', NOW - KEPT), note('now', NOW)])
    await vi.advanceTimersByTimeAsync(1500)
    expect(asked).toContainEqual([NOW, 500])
    expect(await left()).toEqual(['now', 'told'])
    await sweep.stop()
  })

  it('deletes 500 notes at a time', async () => {
    const { ended, left, sweep } = start(async () => 0)
    await ended.put(Array.from({ length: 501 }, (_, index) => note(`s${index}`, 1)))
    await vi.advanceTimersByTimeAsync(1500)
    const once = (await left()).length
    await vi.advanceTimersByTimeAsync(1000)
    expect([once, (await left()).length]).toEqual([1, 0])
    await sweep.stop()
  })

  it('says that the store failed, and goes on', async () => {
    let failures = 0
    const { ended, lines, left, sweep } = start(async () => {
      failures += 1
      if (failures === 1) throw new IssuerError('ERR_STORE_UNAVAILABLE', 'gone')
      return 0
    })
    await ended.put([note('older', 1)])
    await vi.advanceTimersByTimeAsync(1500)
    expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', code: 'ERR_STORE_UNAVAILABLE' }))
    await vi.advanceTimersByTimeAsync(1500)
    expect(await left()).toEqual([])
    await sweep.stop()
  })
})
