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

  it('runs at once when told to, and begins the pause after that', async () => {
    let runs = 0
    const task = createPeriodicTask({ everyMs: 1000, run: async () => void (runs += 1) })
    task.start()
    await vi.advanceTimersByTimeAsync(600)
    task.runSoon()
    await vi.advanceTimersByTimeAsync(999)
    expect(runs).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(runs).toBe(2)
    await task.stop()
  })

  it('runs once more after a run in progress when told to during it, however often', async () => {
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
    task.runSoon()
    task.runSoon()
    task.runSoon()
    expect(runs).toBe(1)
    finish()
    await vi.advanceTimersByTimeAsync(0)
    expect(runs).toBe(2)
    finish()
    await vi.advanceTimersByTimeAsync(999)
    expect(runs).toBe(2)
    await task.stop()
  })

  it('does not run when told to before the start or after the stop, nor again when stopped meanwhile', async () => {
    let runs = 0
    let finish: () => void = () => undefined
    const task = createPeriodicTask({
      everyMs: 1000,
      run: () => {
        runs += 1
        return new Promise((resolve) => (finish = resolve))
      },
    })
    task.runSoon()
    expect(runs).toBe(0)
    task.start()
    task.runSoon()
    task.runSoon()
    const stopped = task.stop()
    finish()
    await stopped
    task.runSoon()
    await vi.advanceTimersByTimeAsync(5000)
    expect(runs).toBe(1)
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
