import {
  createKeyRing,
  IssuerError,
  seconds,
  unixSeconds,
  type IssuerErrorCode,
  type KeyRing,
  type RotationResult,
} from '@workload-identity/core'
import { createFixedClock } from '@workload-identity/core/testing'
import { generateKeyMaterial, DEFAULT_ROTATION_POLICY } from '@workload-identity/core'
import { createLogger } from '@workload-identity/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRotationLoop, findRotationProblem } from './rotation-loop.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const clock = createFixedClock()
const idle: RotationResult = { plan: { at: unixSeconds(2_000_000_000), because: 'later' } }

async function createRing(): Promise<KeyRing> {
  const ids = { ringId: 'r', writeId: 'w', clusterId: 'c', registryId: 'g', issuerUrl: 'https://i.example' }
  return createKeyRing({ ...ids, key: await generateKeyMaterial('ES256') }, clock.now())
}

async function startLoop() {
  const ring = await createRing()
  const state = {
    failure: undefined as IssuerErrorCode | undefined,
    results: [] as RotationResult[],
    calls: 0,
  }
  const messages: string[] = []
  const steps: string[] = []
  let failures = 0
  const loop = createRotationLoop({
    rotateKeys: async () => {
      state.calls += 1
      if (state.failure !== undefined) throw new IssuerError(state.failure, 'failed')
      return state.results.shift() ?? idle
    },
    ring: () => ring,
    policy: DEFAULT_ROTATION_POLICY,
    specification: 'ES256',
    clock: clock.now,
    logger: createLogger('info', { write: (line) => void messages.push(String(JSON.parse(line).msg)) }),
    onStep: (step) => steps.push(`${step.type} ${step.kid}`),
    onFailure: () => (failures += 1),
    everyMs: 1000,
  })
  loop.start()
  return { loop, state, messages, steps, ring, failures: () => failures }
}

describe('createRotationLoop', () => {
  it('looks after each pause, and tells when it succeeded last and what comes next', async () => {
    const { loop, state, ring } = await startLoop()
    expect(loop.state().succeededAt).toBeUndefined()
    await vi.advanceTimersByTimeAsync(999)
    expect(state.calls).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    expect(state.calls).toBe(1)
    expect(loop.state()).toMatchObject({
      succeededAt: clock.now(),
      plan: { at: (ring.keys[0]?.activated_at ?? 0) + 29 * 86_400 },
    })
    await loop.stop()
  })

  it('makes every step that is due in one run, and reports those it made itself', async () => {
    const { loop, state, steps, messages } = await startLoop()
    const due = { ...idle.plan, step: { type: 'remove', kid: 'b' } as const }
    state.results = [
      { made: { type: 'activate', kid: 'a' }, plan: due },
      { made: { type: 'remove', kid: 'b' }, plan: idle.plan },
    ]
    await vi.advanceTimersByTimeAsync(1000)
    expect(state.calls).toBe(2)
    expect(steps).toEqual(['activate a', 'remove b'])
    expect(messages).toEqual([
      expect.stringMatching(/^the next key signs from now on/),
      expect.stringMatching(/^removed a retired key/),
    ])
    await loop.stop()
  })

  it('waits for the next run when another replica makes the step that is due', async () => {
    const { loop, state } = await startLoop()
    state.results = [{ plan: { ...idle.plan, step: { type: 'remove', kid: 'b' } } }]
    await vi.advanceTimersByTimeAsync(1500)
    expect(state.calls).toBe(1)
    await loop.stop()
  })

  it('goes on after failures, counts them, and logs each change once', async () => {
    const { loop, state, messages, failures } = await startLoop()
    state.failure = 'ERR_STORE_UNAVAILABLE'
    const since = clock.now()
    await vi.advanceTimersByTimeAsync(3000)
    expect([failures(), loop.state().failing]).toEqual([3, { since, code: 'ERR_STORE_UNAVAILABLE' }])
    state.failure = undefined
    await vi.advanceTimersByTimeAsync(1000)
    expect(loop.state().failing).toBeUndefined()
    expect(messages).toEqual([
      'the keys cannot be rotated; the ones in use stay',
      'the keys can be rotated again',
    ])
    await loop.stop()
  })
})

describe('findRotationProblem', () => {
  const failing = { since: unixSeconds(1000), code: 'ERR_STORE_UNAVAILABLE' }
  const patience = seconds(300)

  it('finds none while attempts succeed, and none before `patience` is over', () => {
    expect(findRotationProblem({ plan: idle.plan }, unixSeconds(9999), patience)).toBeUndefined()
    expect(findRotationProblem({ plan: idle.plan, failing }, unixSeconds(1299), patience)).toBeUndefined()
  })

  it.each([
    ['after that', 1300],
    ['when the clock was put back since', 700],
  ])('names the failure and what is due %s', (_, now) => {
    const plan = { ...idle.plan, step: { type: 'publish-next', specification: 'ES256' } as const }
    expect(findRotationProblem({ plan, failing }, unixSeconds(now), patience)).toBe(
      'rotation: the keys could not be rotated for 300 s (ERR_STORE_UNAVAILABLE); due is publish-next',
    )
  })
})
