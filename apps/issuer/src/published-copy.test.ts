import {
  applyStep,
  createKeyRing,
  DEFAULT_ROTATION_POLICY,
  generateKeyMaterial,
  planRotation,
  seconds,
  type KeyRing,
} from '@workload-identity/core'
import { createFixedClock } from '@workload-identity/core/testing'
import { createLogger } from '@workload-identity/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PublishedCopyReading } from './fetch-published-copy.ts'
import { createNoPublishedCopy, createPublishedCopy } from './published-copy.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const issuerUrl = 'https://id.example.com'
const [first, second] = [await generateKeyMaterial('ES256'), await generateKeyMaterial('ES256')]
const keepRetired = seconds(93_600)

function watch() {
  const clock = createFixedClock()
  const start = clock.now()
  const ids = { ringId: 'r', writeId: 'w', clusterId: 'c', registryId: 'g', issuerUrl }
  const alone = createKeyRing({ ...ids, key: first }, start)
  const waiting = applyStep(alone, { type: 'publish-next', key: second }, start)
  const state = { ring: waiting, copy: undefined as PublishedCopyReading | undefined }
  const messages: string[] = []
  const copy = createPublishedCopy({
    ...{ url: 'https://cdn.example.com', issuerUrl, policy: DEFAULT_ROTATION_POLICY, clock: clock.now },
    ring: () => state.ring,
    async read() {
      if (state.copy === undefined) throw new Error('https://cdn.example.com/… answers 404')
      return state.copy
    },
    logger: createLogger('info', { write: (line) => void messages.push(String(JSON.parse(line).msg)) }),
    everyMs: 1000,
  })
  copy.task?.start()
  const look = () => vi.advanceTimersByTimeAsync(1000)
  const serve = (...kids: readonly string[]) => {
    state.copy = { issuer: issuerUrl, kids: new Set(kids) }
  }
  const planned = (ring: KeyRing = state.ring) =>
    planRotation(ring, DEFAULT_ROTATION_POLICY, clock.now(), 'ES256', copy.holds())
  return { clock, start, alone, state, messages, copy, look, serve, planned }
}

// How long older copies are in use: 2 × 3600 + 43200 + 2 × 60 + 300.
const USED_UP = 50_820

describe('createPublishedCopy', () => {
  it('holds the next key until caches have used up the copies without it, from when it was first seen', async () => {
    const { clock, copy, look, serve, planned } = watch()
    clock.advance(30 * 86_400)
    const late = clock.now()
    serve(first.kid)
    await look()
    expect(planned()).toMatchObject({
      at: late + USED_UP,
      because: expect.stringContaining('not seen') as string,
    })
    clock.advance(100)
    expect(planned().at).toBe(late + 100 + USED_UP)
    serve(first.kid, second.kid)
    await look()
    clock.advance(USED_UP - 1)
    expect(planned()).toMatchObject({ at: late + 100 + USED_UP })
    expect(planned().step).toBeUndefined()
    clock.advance(1)
    expect(planned().step).toMatchObject({ type: 'activate' })
    expect(copy.findProblem()).toBeUndefined()
  })

  it('never lets a key sign before its own dates', async () => {
    const { clock, start, look, serve, planned } = watch()
    serve(first.kid, second.kid)
    await look()
    clock.advance(86_400)
    expect(planned()).toMatchObject({ at: start + 30 * 86_400 })
  })

  it('keeps what it saw through failures, and reckons anew when the copy went back', async () => {
    const { clock, start, state, copy, look, serve } = watch()
    const untils = () => copy.holds().map(({ until }) => until - start)
    serve(first.kid, second.kid)
    await look()
    state.copy = undefined
    clock.advance(50)
    await look()
    expect(untils()).toEqual([USED_UP])
    serve(first.kid)
    await look()
    serve(first.kid, second.kid)
    await look()
    expect(untils()).toEqual([50 + USED_UP])
  })

  it('lets no key sign while a copy is told to be wrong, and any that is due once it is right', async () => {
    const { clock, start, state, copy, look, serve } = watch()
    serve(first.kid, second.kid)
    await look()
    state.copy = undefined
    clock.advance(USED_UP)
    await look()
    expect(copy.holds().map(({ until }) => until)).toEqual([start + USED_UP])
    clock.advance(3600)
    expect(copy.holds()).toEqual([
      {
        kid: second.kid,
        until: clock.now() + 60,
        because: expect.stringContaining('answers 404') as string,
      },
    ])
    serve(first.kid, second.kid)
    await look()
    expect(copy.holds().map(({ until }) => until)).toEqual([start + USED_UP])
  })

  it('holds nothing when no key waits', async () => {
    const { alone, state, copy } = watch()
    state.ring = alone
    expect(copy.holds()).toEqual([])
  })

  it.each<[string, boolean, readonly string[], RegExp]>([
    ['lacks the next key', false, [first.kid], /stale: it lacks key .*waits/],
    ['lacks the key that signs', true, [second.kid], /lacks key .*which signs/],
  ])('tells of a copy that %s (at once: %s)', async (_, isUrgent, kids, sentence) => {
    const { clock, messages, copy, look, serve } = watch()
    serve(...kids)
    await look()
    if (!isUrgent) {
      clock.advance(3599)
      await look()
      expect(copy.findProblem()).toBeUndefined()
      clock.advance(1)
      await look()
    }
    expect(copy.findProblem()).toMatch(sentence)
    await look()
    serve(first.kid, second.kid)
    await look()
    expect(copy.findProblem()).toBeUndefined()
    expect(messages.filter((message) => sentence.test(message))).toHaveLength(1)
    expect(messages.at(-1)).toBe('the published copy is right again')
  })

  it('tells of a revoked key, of another issuer, and of a copy that cannot be read for long', async () => {
    const { clock, state, copy, look, serve } = watch()
    await look()
    expect(copy.findProblem()).toBeUndefined()
    clock.advance(3600)
    expect(copy.findProblem()).toBe(
      'published_copy: https://cdn.example.com/… answers 404; the keys do not rotate without it',
    )
    state.copy = { issuer: 'https://other.example.com', kids: new Set([first.kid, second.kid]) }
    await look()
    expect(copy.findProblem()).toMatch(/not that of https:\/\/id\.example\.com/)
    expect(copy.holds()[0]?.because).toMatch(/not seen/)
    state.ring = applyStep(state.ring, { type: 'revoke', kid: first.kid }, clock.now())
    serve(first.kid, second.kid)
    await look()
    expect(copy.findProblem()).toMatch(/which was revoked/)
  })

  it('takes keys that are gone for no problem: verifiers do no harm with them', async () => {
    const { alone, clock, state, copy, look, serve } = watch()
    state.ring = applyStep(alone, { type: 'take-over', key: second, keepRetired }, clock.now())
    clock.advance(93_600)
    serve(first.kid, second.kid)
    await look()
    clock.advance(7200)
    await look()
    expect(copy.findProblem()).toBeUndefined()
  })
})

describe('createNoPublishedCopy', () => {
  it('holds nothing and is never wrong', () => {
    const copy = createNoPublishedCopy()
    expect([copy.holds(), copy.findProblem()]).toEqual([[], undefined])
  })
})
