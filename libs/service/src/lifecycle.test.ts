import { describe, expect, it } from 'vitest'
import { createLifecycle, type LifecyclePart } from './lifecycle.ts'

function recorder() {
  const events: string[] = []
  const part = (name: string, extra: Partial<LifecyclePart> = {}): LifecyclePart => ({
    name,
    start: () => void events.push(`start ${name}`),
    stop: () => void events.push(`stop ${name}`),
    ...extra,
  })
  return { events, part }
}

describe('createLifecycle', () => {
  it('starts in order and stops in reverse', async () => {
    const { events, part } = recorder()
    const lifecycle = createLifecycle([part('a'), part('b')], 1000)
    await lifecycle.start()
    await lifecycle.stop()
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  })

  it('stops what was started, the failed part included, when a start fails, and throws that error', async () => {
    const { events, part } = recorder()
    const failing = part('b', { start: () => Promise.reject(new Error('busy')) })
    const lifecycle = createLifecycle([part('a'), failing, part('c')], 1000)
    await expect(lifecycle.start()).rejects.toThrow('busy')
    expect(events).toEqual(['start a', 'stop b', 'stop a'])
  })

  it('stops everything and tells of every failure when stops fail', async () => {
    const { events, part } = recorder()
    const failing = (name: string) => part(name, { stop: () => Promise.reject(new Error(name)) })
    const lifecycle = createLifecycle([part('a'), failing('b'), failing('c')], 1000)
    await lifecycle.start()
    const error: unknown = await lifecycle.stop().catch((thrown: unknown) => thrown)
    expect((error as AggregateError).errors.map(String)).toEqual(['Error: c', 'Error: b'])
    expect(events.at(-1)).toBe('stop a')
  })

  it('leaves behind a part that does not stop in time', async () => {
    const { events, part } = recorder()
    const hanging = part('b', { stop: () => new Promise<void>(() => undefined) })
    const lifecycle = createLifecycle([part('a'), hanging], 10)
    await lifecycle.start()
    await expect(lifecycle.stop()).rejects.toThrow(AggregateError)
    expect(events.at(-1)).toBe('stop a')
  })

  it('stops once, however often it is asked to', async () => {
    const { events, part } = recorder()
    const lifecycle = createLifecycle([part('a')], 1000)
    await lifecycle.start()
    await Promise.all([lifecycle.stop(), lifecycle.stop()])
    expect(events).toEqual(['start a', 'stop a'])
  })
})
