import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createPeriodicTask } from './periodic-task.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('createPeriodicTask', () => {
  it('begins the pause when a run is over, so that runs never overlap', async () => {
    let runs = 0
    let finish: () => void = () => undefined
    const task = createPeriodicTask({
      everyMs: 1000,
      run: () => {
        runs += 1
        return new Promise((resolve) => (finish = resolve))
      },
    })
    task.start()
    await vi.advanceTimersByTimeAsync(5000)
    expect(runs).toBe(1)
    finish()
    await vi.advanceTimersByTimeAsync(1000)
    expect(runs).toBe(2)
    finish()
    await task.stop()
  })

  it('waits for the run in progress when it is stopped', async () => {
    const events: string[] = []
    let finish: () => void = () => undefined
    const task = createPeriodicTask({
      everyMs: 1000,
      run: async () => {
        await new Promise<void>((resolve) => (finish = resolve))
        events.push('run over')
      },
    })
    task.start()
    await vi.advanceTimersByTimeAsync(1000)
    const stopped = task.stop().then(() => events.push('stopped'))
    finish()
    await stopped
    await vi.advanceTimersByTimeAsync(5000)
    expect(events).toEqual(['run over', 'stopped'])
  })
})
