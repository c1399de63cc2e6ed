import { describe, expect, it } from 'vitest'
import { createRingChangeWatch } from './ring-change-watch.ts'

describe('createRingChangeWatch', () => {
  it('reads the ring at every notice between start and stop', async () => {
    const listeners = new Set<() => void>()
    let reads = 0
    const part = createRingChangeWatch(
      {
        watch(onChange) {
          listeners.add(onChange)
          return () => listeners.delete(onChange)
        },
      },
      { runSoon: () => (reads += 1) },
    )
    expect(listeners.size).toBe(0)
    await part.start?.()
    for (const notify of listeners) notify()
    expect(reads).toBe(1)
    await part.stop?.()
    expect(listeners.size).toBe(0)
  })

  it('does nothing on a store that cannot notify', async () => {
    const part = createRingChangeWatch({}, { runSoon: () => expect.unreachable() })
    await part.start?.()
    await part.stop?.()
  })
})
