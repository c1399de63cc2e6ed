import { applyStep, createKeyRing, generateKeyMaterial, seconds } from '@workload-identity/core'
import { createFixedClock } from '@workload-identity/core/testing'
import { createLogger } from '@workload-identity/service'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createKeySightings } from './key-sightings.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const DAY = 86_400
const material = await Promise.all([1, 2, 3].map(() => generateKeyMaterial('ES256')))
const [first, second, third] = [material[0]!, material[1]!, material[2]!]

function watch(waitFor: readonly string[] = []) {
  const clock = createFixedClock()
  const start = clock.now()
  const ids = { ringId: 'r', writeId: 'w', clusterId: 'c', registryId: 'g', issuerUrl: 'https://i.example' }
  const alone = createKeyRing({ ...ids, key: first }, start)
  const state = { ring: applyStep(alone, { type: 'publish-next', key: second }, start) }
  const messages: string[] = []
  const sightings = createKeySightings({
    ...{ waitFor, policy: { publishAhead: seconds(DAY) }, clock: clock.now, everyMs: 1000 },
    ring: () => state.ring,
    logger: createLogger('info', { write: (line) => void messages.push(String(JSON.parse(line).msg)) }),
  })
  const see = (userAgent: string, address = '192.0.2.1') => sightings.record({ userAgent, address })
  return { clock, start, alone, state, messages, sightings, see }
}

describe('createKeySightings', () => {
  it('notes who fetched a set with the next key, when first and when last', () => {
    const { clock, start, sightings, see } = watch()
    see('jose/6')
    see('jose/6', '192.0.2.2')
    clock.advance(10)
    see('jose/6')
    expect(sightings.list()).toEqual([
      { user_agent: 'jose/6', address: '192.0.2.1', first_seen_at: start, last_seen_at: start + 10 },
      { user_agent: 'jose/6', address: '192.0.2.2', first_seen_at: start, last_seen_at: start },
    ])
  })

  it('notes nobody while no key waits, and starts anew with the next one', () => {
    const { clock, alone, state, sightings, see } = watch()
    see('jose/6')
    const waiting = state.ring
    state.ring = alone
    see('jose/6')
    expect(sightings.list()).toEqual([])
    state.ring = waiting
    expect(sightings.list()).toEqual([])
    see('jose/6')
    state.ring = applyStep(alone, { type: 'publish-next', key: third }, clock.now())
    expect(sightings.list()).toEqual([])
  })

  it('notes 1000 verifiers, and 200 characters of each user agent', () => {
    const { clock, sightings, see } = watch()
    for (let count = 0; count < 1001; count += 1) see(`${count} ${'x'.repeat(300)}`)
    clock.advance(5)
    see(`0 ${'x'.repeat(300)}`)
    const list = sightings.list()
    expect([list.length, list[0]?.user_agent.length, list[999]?.user_agent.slice(0, 4)]).toEqual([
      1000,
      200,
      '999 ',
    ])
    expect(list[0]?.last_seen_at).toBe(clock.now())
  })

  it.each([
    ['its user agent begins with the name', 'vault/1.18 linux', '192.0.2.1'],
    ['its address is the name', 'curl', 'vault'],
  ])('holds the next key until a named verifier has seen it: %s', (_, userAgent, address) => {
    const { start, sightings, see } = watch(['vault'])
    see('not vault')
    expect(sightings.holds()).toEqual([
      { kid: second.kid, until: start + 8 * DAY, because: expect.stringContaining('vault') as string },
    ])
    see(userAgent, address)
    expect(sightings.holds()).toEqual([])
  })

  it('notes that a named verifier has seen the key also when others were noted a thousand times', () => {
    const { sightings, see } = watch(['vault', 'aws'])
    for (let count = 0; count < 1000; count += 1) see(`made up ${count}`)
    see('vault/1')
    see('aws/1', '192.0.2.2')
    see('aws/1', '192.0.2.3')
    expect(sightings.holds()).toEqual([])
    expect(sightings.list()).toHaveLength(1000)
  })

  it('matches names that are longer than what is noted of a user agent', () => {
    const name = 'v'.repeat(250)
    const { sightings, see } = watch([name])
    see('v'.repeat(249))
    expect(sightings.holds()).toHaveLength(1)
    see(`${name}/1`)
    expect(sightings.holds()).toEqual([])
  })

  it('waits anew for named verifiers with each next key', () => {
    const { clock, alone, state, sightings, see } = watch(['vault'])
    see('vault/1')
    state.ring = applyStep(alone, { type: 'publish-next', key: third }, clock.now())
    expect(sightings.holds()).toHaveLength(1)
  })

  it('waits for all that are named, and for nobody unless some are', () => {
    const { sightings, see } = watch(['vault', 'aws'])
    see('vault/1')
    expect(sightings.holds()[0]?.because).toMatch(/^aws has not/)
    expect(watch().sightings.holds()).toEqual([])
  })

  it('tells once that a promotion is due and waits', async () => {
    const { clock, messages, sightings, see } = watch(['vault'])
    sightings.task.start()
    const look = () => vi.advanceTimersByTimeAsync(1000)
    clock.advance(DAY - 1)
    await look()
    expect([sightings.findProblem(), messages]).toEqual([undefined, []])
    clock.advance(1)
    await look()
    await look()
    expect(sightings.findProblem()).toMatch(/^promotion: key \S+ waits for vault, until /)
    expect(messages).toEqual([sightings.findProblem()])
    see('vault/1')
    expect(sightings.findProblem()).toBeUndefined()
    await sightings.task.stop()
  })
})
