import type { SystemTokenRequest } from '@workload-identity/api'
import { describe, expect, it } from 'vitest'
import { createSystemTokenSource, type SystemTokenEvent } from './system-token-source.ts'
import { createTokenPress, createVirtualTime } from './testing/index.ts'

const HOUR = 3_600_000
const away = new Error('the issuer is away')

function setUp(request: Partial<SystemTokenRequest> = {}) {
  const time = createVirtualTime()
  const press = createTokenPress(time.clock)
  const asked: SystemTokenRequest[] = []
  const events: SystemTokenEvent[] = []
  const issuer: { failure?: Error } = {}
  const source = createSystemTokenSource({
    client: {
      async mintSystemToken(wanted) {
        asked.push(wanted)
        if (issuer.failure !== undefined) throw issuer.failure
        return press({ sandbox_id: 'none', ttl: wanted.ttl ?? 3600 })
      },
    },
    workload: 'log-shipper',
    ...request,
    ...time,
    random: () => 0.5,
    onEvent: (event) => events.push(event),
  })
  return { time, source, asked, events, issuer }
}
const unavailable = { code: 'ERR_ISSUER_UNAVAILABLE' }

describe('createSystemTokenSource', () => {
  it('has no token before it is started and the issuer gave one', async () => {
    const { time, source, asked } = setUp()
    expect(() => source.current()).toThrow(expect.objectContaining(unavailable))
    await time.pass(HOUR)
    expect(asked).toStrictEqual([])
    source.start()
    source.start()
    expect(() => source.current()).toThrow(/none was given yet/)
    await time.pass(1)
    expect(source.current()).toMatch(/^ey/)
    expect(asked).toStrictEqual([{ workload: 'log-shipper' }])
  })

  it('asks for the audience and the life it was given', async () => {
    const { time, source, asked } = setUp({ audience: ['a', 'b'], ttl: 600 })
    source.start()
    await time.pass(1)
    expect(asked).toStrictEqual([{ workload: 'log-shipper', audience: ['a', 'b'], ttl: 600 }])
  })

  it('replaces a token between 45 % and 48 % of its life', async () => {
    const { time, source, asked, events } = setUp()
    source.start()
    await time.pass(0.45 * HOUR - 1)
    const first = source.current()
    expect(asked).toHaveLength(1)
    await time.pass(0.03 * HOUR + 2)
    expect(asked).toHaveLength(2)
    expect(source.current()).not.toBe(first)
    expect(events).toStrictEqual([
      { type: 'system-token-refreshed', workload: 'log-shipper' },
      { type: 'system-token-refreshed', workload: 'log-shipper' },
    ])
  })

  it('may be armed before the issuer can be reached, and backs off meanwhile', async () => {
    const { time, source, asked, issuer, events } = setUp()
    issuer.failure = away
    source.start()
    const ready = source.whenReady()
    await time.pass(60_000)
    const failed = { type: 'system-token-failed', workload: 'log-shipper', error: away }
    expect(events.slice(0, 2)).toStrictEqual([
      { ...failed, failures: 1, retry_in_ms: 1250 },
      { ...failed, failures: 2, retry_in_ms: 2500 },
    ])
    expect(asked).toHaveLength(6)
    expect(() => source.current()).toThrow(expect.objectContaining({ ...unavailable, cause: away }))
    delete issuer.failure
    await time.pass(30_000)
    expect(await ready).toBe(source.current())
    expect(await source.whenReady()).toBe(source.current())
  })

  it('keeps the last token through an outage of half of its life, and until its last second', async () => {
    const { time, source, issuer } = setUp()
    source.start()
    await time.pass(0.44 * HOUR)
    issuer.failure = away
    const first = source.current()
    await time.pass(0.56 * HOUR - 1)
    expect(source.current()).toBe(first)
    await time.pass(1)
    expect(() => source.current()).toThrow(/the last one has expired/)
    delete issuer.failure
    await time.pass(30_000)
    expect(source.current()).not.toBe(first)
  })

  it('counts the life by the times of the token, whatever the clock here says', async () => {
    const { time, source, asked } = setUp()
    source.start()
    await time.pass(1000)
    time.setClockBy(-86_400)
    await time.pass(0.5 * HOUR)
    expect(asked).toHaveLength(2)
    expect(source.current()).toMatch(/^ey/)
  })

  it('tells those who wait when it is stopped or they give up, and asks no more', async () => {
    const { time, source, asked, issuer } = setUp()
    issuer.failure = away
    source.start()
    const control = new AbortController()
    const [one, other] = [source.whenReady(control.signal), source.whenReady()]
    control.abort(new Error('enough'))
    await expect(one).rejects.toThrow('enough')
    await expect(source.whenReady(control.signal)).rejects.toThrow('enough')
    source.stop()
    await expect(other).rejects.toMatchObject(unavailable)
    await expect(source.whenReady()).rejects.toMatchObject(unavailable)
    const before = asked.length
    source.start()
    await time.pass(HOUR)
    expect(asked).toHaveLength(before)
  })

  it('takes no token that comes after it was stopped', async () => {
    const { time, source } = setUp()
    source.start()
    source.stop()
    await time.pass(HOUR)
    expect(() => source.current()).toThrow(/none was given yet/)
  })
})
