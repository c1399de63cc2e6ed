import { describe, expect, it } from 'vitest'
import { createManualTime } from '../test/manual-time.ts'
import { createSandboxCache, type SandboxCacheOptions } from './sandbox-cache.ts'

interface Value {
  readonly text: string
}

const outage = new Error('outage')
const question = { sandboxId: 'a', era: 1, variant: 'x' }

/** A cache whose values are fresh for 10 s and usable for 20 s. */
function createTestCache(changes: Partial<SandboxCacheOptions<Value>> = {}) {
  const time = createManualTime()
  const cache = createSandboxCache<Value>({
    maxEntries: 100,
    maxPerSandbox: 10,
    sizeOf: ({ text }) => text.length,
    judge: (_value, ageMs) => (ageMs < 10_000 ? 'fresh' : ageMs < 20_000 ? 'usable' : 'nothing'),
    patienceMs: 1000,
    nowMs: time.monotonicMs,
    startTimer: time.startTimer,
    isOutage: (error) => error === outage,
    ...changes,
  })
  return { time, cache }
}

const gives = (text: string) => () => Promise.resolve({ text })
const fails = (error: Error) => () => Promise.reject(error)
const never = () => Promise.reject(new Error('nobody was to ask'))

describe('createSandboxCache', () => {
  it('gives what it keeps while that is fresh, and then something new', async () => {
    const { time, cache } = createTestCache()
    expect(await cache.read(question, gives('1'))).toEqual({ value: { text: '1' }, from: 'upstream' })
    await time.advance(9999)
    expect(await cache.read(question, never)).toEqual({ value: { text: '1' }, from: 'cache' })
    await time.advance(1)
    expect(await cache.read(question, gives('2'))).toEqual({ value: { text: '2' }, from: 'upstream' })
    expect(await cache.read(question, never)).toEqual({ value: { text: '2' }, from: 'cache' })
  })

  it('counts the age of a value from the question', async () => {
    const { time, cache } = createTestCache()
    const loading = Promise.withResolvers<Value>()
    const reading = cache.read(question, () => loading.promise)
    await time.advance(9999)
    loading.resolve({ text: '1' })
    await reading
    expect((await cache.read(question, never)).from).toBe('cache')
    await time.advance(1)
    expect((await cache.read(question, gives('2'))).from).toBe('upstream')
  })

  it.each([
    ['sandbox', { sandboxId: 'b' }],
    ['era', { era: 2 }],
    ['variant', { variant: 'y' }],
  ])('keeps apart what is asked about another %s', async (_, changes) => {
    const { cache } = createTestCache()
    await cache.read(question, gives('1'))
    expect((await cache.read({ ...question, ...changes }, gives('2'))).value.text).toBe('2')
    expect((await cache.read(question, never)).value.text).toBe('1')
  })

  it('lets those who ask the same at the same time share one answer', async () => {
    const { cache } = createTestCache()
    const loading = Promise.withResolvers<Value>()
    const readings = [cache.read(question, () => loading.promise), cache.read(question, never)]
    expect(cache.underWay('a')).toBe(1)
    loading.resolve({ text: '1' })
    expect((await Promise.all(readings)).map(({ value }) => value.text)).toEqual(['1', '1'])
    expect(cache.underWay('a')).toBe(0)
  })

  it('keeps no failure', async () => {
    const { cache } = createTestCache()
    await expect(cache.read(question, fails(outage))).rejects.toBe(outage)
    expect(cache.size()).toBe(0)
    expect((await cache.read(question, gives('1'))).from).toBe('upstream')
  })

  it('gives a usable value in an outage, until it is worth nothing', async () => {
    const { time, cache } = createTestCache()
    await cache.read(question, gives('1'))
    await time.advance(19_999)
    expect(await cache.read(question, fails(outage))).toEqual({ value: { text: '1' }, from: 'outage' })
    await time.advance(1)
    await expect(cache.read(question, fails(outage))).rejects.toBe(outage)
  })

  it('gives no usable value in place of a refusal', async () => {
    const { time, cache } = createTestCache()
    const refusal = new Error('refused')
    await cache.read(question, gives('1'))
    await time.advance(15_000)
    await expect(cache.read(question, fails(refusal))).rejects.toBe(refusal)
  })

  it('waits a second for a new value when it has a usable one, and keeps what comes later', async () => {
    const { time, cache } = createTestCache()
    await cache.read(question, gives('1'))
    await time.advance(15_000)
    const loading = Promise.withResolvers<Value>()
    const reading = cache.read(question, () => loading.promise)
    await time.advance(1000)
    expect(await reading).toEqual({ value: { text: '1' }, from: 'outage' })
    loading.resolve({ text: '2' })
    await time.advance(0)
    expect(await cache.read(question, never)).toEqual({ value: { text: '2' }, from: 'cache' })
    expect(time.timers()).toBe(0)
  })

  it('gives an aged value only in an outage', async () => {
    const { cache } = createTestCache()
    await cache.read(question, gives('1'))
    cache.age()
    expect((await cache.read(question, fails(outage))).from).toBe('outage')
    expect((await cache.read(question, gives('2'))).value.text).toBe('2')
    expect((await cache.read(question, never)).value.text).toBe('2')
  })

  it('takes for aged what was asked for before the change', async () => {
    const { cache } = createTestCache()
    const loading = Promise.withResolvers<Value>()
    const reading = cache.read(question, () => loading.promise)
    cache.age()
    loading.resolve({ text: '1' })
    await reading
    expect((await cache.read(question, gives('2'))).value.text).toBe('2')
  })

  it('forgets a sandbox and no other', async () => {
    const { cache } = createTestCache()
    await cache.read(question, gives('1'))
    await cache.read({ ...question, variant: 'y' }, gives('1'))
    await cache.read({ ...question, sandboxId: 'ab' }, gives('1'))
    cache.drop('a')
    expect(cache.size()).toBe(1)
    expect((await cache.read({ ...question, sandboxId: 'ab' }, never)).from).toBe('cache')
  })

  it('keeps nothing that was under way for a sandbox when it was dropped', async () => {
    const { cache } = createTestCache()
    const loading = Promise.withResolvers<Value>()
    const reading = cache.read(question, () => loading.promise)
    cache.drop('a')
    loading.resolve({ text: '1' })
    await reading
    expect(cache.size()).toBe(0)
  })

  it('lets nobody share what was under way before a sandbox was dropped', async () => {
    const { cache } = createTestCache()
    const before = Promise.withResolvers<Value>()
    const first = cache.read(question, () => before.promise)
    cache.drop('a')
    expect((await cache.read(question, gives('2'))).value.text).toBe('2')
    before.resolve({ text: '1' })
    await first
    expect((await cache.read(question, never)).value.text).toBe('2')
  })

  it('keeps no more than its number, and forgets what was not used for longest', async () => {
    const { cache } = createTestCache({ maxEntries: 2 })
    await cache.read({ ...question, sandboxId: 'a' }, gives('1'))
    await cache.read({ ...question, sandboxId: 'b' }, gives('1'))
    await cache.read({ ...question, sandboxId: 'a' }, never)
    await cache.read({ ...question, sandboxId: 'c' }, gives('1'))
    expect(cache.size()).toBe(2)
    expect((await cache.read({ ...question, sandboxId: 'a' }, never)).from).toBe('cache')
    expect((await cache.read({ ...question, sandboxId: 'b' }, gives('2'))).from).toBe('upstream')
  })

  it('keeps no more than about 2 KiB for each', async () => {
    const { cache } = createTestCache({ maxEntries: 4, sizeOf: () => 4000 })
    for (const sandboxId of ['a', 'b', 'c']) await cache.read({ ...question, sandboxId }, gives('1'))
    expect(cache.size()).toBe(1)
  })

  it('lets no sandbox push out what others need', async () => {
    const { cache } = createTestCache({ maxEntries: 20, maxPerSandbox: 3 })
    await cache.read({ ...question, sandboxId: 'b' }, gives('1'))
    for (let index = 0; index < 100; index += 1) {
      await cache.read({ ...question, variant: `${index}` }, gives('1'))
    }
    expect(cache.size()).toBe(4)
    expect((await cache.read({ ...question, sandboxId: 'b' }, never)).from).toBe('cache')
    expect((await cache.read({ ...question, variant: '97' }, never)).from).toBe('cache')
    expect((await cache.read({ ...question, variant: '96' }, gives('2'))).from).toBe('upstream')
  })
})
