import { hashSecret, seconds } from '@workload-identity/core'
import { HttpRefusal } from '@workload-identity/transport-http'
import { describe, expect, it } from 'vitest'
import { createManualTime } from '../test/manual-time.ts'
import { claimsOf, createMemoryIssuer } from '../test/memory-issuer.ts'
import { createTestProxy, withCode } from '../test/test-proxy.ts'
import { createRunnerProxy } from './create-runner-proxy.ts'

describe('createRunnerProxy', () => {
  it('refuses assignments that count for less than 10 s with a RangeError', async () => {
    const { options } = await createTestProxy()
    expect(() => createRunnerProxy({ ...options, maxAssignmentAge: seconds(9) })).toThrow(RangeError)
    expect(() => createRunnerProxy({ ...options, maxAssignmentAge: seconds(10) })).not.toThrow()
  })

  it('gives a sandbox a token with the claims that the issuer knows', async () => {
    const { issue, secrets } = await createTestProxy()
    const token = await issue(secrets.b, { audience: 'x', ttl: 600 })
    expect(claimsOf(token)).toMatchObject({
      sub: 'org:acme:app:other:sandbox:b',
      aud: 'x',
      iat: token.expires_at - 600,
      exp: token.expires_at,
    })
  })

  it('asks for the tokens of many sandboxes at once', async () => {
    const { time, sandboxTokens, issuer, secrets } = await createTestProxy()
    await time.until(Promise.all([sandboxTokens.issue(secrets.a, {}), sandboxTokens.issue(secrets.b, {})]))
    expect(issuer.calls.mints).toEqual([['a', 'b']])
  })

  it.each<[string, object, string]>([
    ['an audience of spaces', { audience: 'a b' }, 'ERR_AUDIENCE_INVALID'],
    ['no audience in a list', { audience: [] }, 'ERR_AUDIENCE_INVALID'],
    ['a life of 0', { ttl: 0 }, 'ERR_TTL_INVALID'],
    ['a life of 1.5', { ttl: 1.5 }, 'ERR_TTL_INVALID'],
  ])('refuses %s without asking the issuer', async (_, wishes, code) => {
    const { issue, issuer, secrets, proxy, time } = await createTestProxy()
    await expect(issue(secrets.a, wishes)).rejects.toThrow(withCode(code))
    await expect(time.until(proxy.mint('a', wishes))).rejects.toThrow(withCode(code))
    expect(issuer.calls.mints).toEqual([])
  })

  it('passes on what the issuer refuses, in its words, and keeps nothing of it', async () => {
    const { issue, issuer, secrets, proxy } = await createTestProxy()
    await issuer.change('a', { allowed_audiences: ['x'] })
    const refusal: unknown = await issue(secrets.a, { audience: 'y' }).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(HttpRefusal)
    expect((refusal as HttpRefusal).answer).toEqual({
      status: 403,
      error: 'access_denied',
      description: 'the audience is not one that this sandbox may ask for',
    })
    expect(proxy.state().cachedTokens).toBe(0)
  })

  describe('keeps tokens', () => {
    it('until half of their life', async () => {
      const { issue, time, secrets, sources } = await createTestProxy()
      const first = await issue(secrets.a, { ttl: 600 })
      await time.advance(290_000)
      expect(await issue(secrets.a, { ttl: 600 })).toEqual(first)
      await time.advance(10_000)
      expect((await issue(secrets.a, { ttl: 600 })).value).not.toBe(first.value)
      expect(sources()).toEqual(['upstream', 'cache', 'upstream'])
    })

    it('by the set of their audiences, and asks for a new one in the order wished', async () => {
      const { issue, secrets, issuer } = await createTestProxy()
      const first = await issue(secrets.a, { audience: ['y', 'x'] })
      expect(claimsOf(first)['aud']).toEqual(['y', 'x'])
      expect(await issue(secrets.a, { audience: ['x', 'y'] })).toEqual(first)
      await issue(secrets.a, { audience: ['x'] })
      expect(await issue(secrets.a, { audience: 'x' })).not.toEqual(first)
      expect(issuer.calls.mints).toEqual([['a'], ['a']])
    })

    it('apart by their life, brought into what any issuer allows', async () => {
      const { issue, secrets, issuer } = await createTestProxy()
      for (const ttl of [1, 60, 61, 86_400, 1e9, undefined]) {
        await issue(secrets.a, ttl === undefined ? {} : { ttl })
      }
      expect(issuer.calls.mints).toHaveLength(4)
    })

    it('of each sandbox for itself', async () => {
      const { issue, secrets } = await createTestProxy()
      expect((await issue(secrets.a)).value).not.toBe((await issue(secrets.b)).value)
    })

    it('until the sandbox gets another policy, whatever life is left', async () => {
      const { issue, secrets, issuer, time, proxy } = await createTestProxy()
      await issue(secrets.a)
      await issuer.change('a', { subject: 'app' })
      await time.advance(3000)
      expect(proxy.state().cachedTokens).toBe(0)
      expect(claimsOf(await issue(secrets.a))['sub']).toBe('org:acme:app:web')
    })

    it('through a lease that is renewed', async () => {
      const { issue, secrets, issuer, time, sources } = await createTestProxy()
      await issue(secrets.a)
      await issuer.change('a', { expires_at: seconds(time.clock.now() + 900) as never })
      await time.advance(3000)
      await issue(secrets.a)
      expect(sources()).toEqual(['upstream', 'cache'])
    })

    it('until the issuer changes its keys', async () => {
      const { issue, secrets, issuer, time, events, sources } = await createTestProxy()
      await issue(secrets.a)
      issuer.state.facts = { ...issuer.state.facts, keys_fingerprint: 'SHA256:2' }
      await time.advance(33_000)
      await issue(secrets.a)
      expect(sources()).toEqual(['upstream', 'upstream'])
      expect(events.filter(({ type }) => type === 'issuer-changed')).toHaveLength(1)
    })
  })

  describe('gives no token', () => {
    it('that was under way for a sandbox when it ended', async () => {
      const { sandboxTokens, secrets, issuer, time, proxy } = await createTestProxy()
      const release = issuer.hold()
      const asked = sandboxTokens.issue(secrets.a, {})
      await time.advance(10)
      expect(issuer.calls.mints).toEqual([['a']])
      await issuer.end('a')
      await time.advance(4000)
      release()
      await expect(time.until(asked)).rejects.toThrow(withCode('ERR_CREDENTIAL_UNKNOWN'))
      expect(proxy.state().cachedTokens).toBe(0)
    })

    it('with claims of before to a sandbox that changed meanwhile, but one with those of now', async () => {
      const { sandboxTokens, secrets, issuer, time } = await createTestProxy()
      const release = issuer.hold()
      const asked = sandboxTokens.issue(secrets.a, {})
      await time.advance(10)
      await issuer.change('a', { app: 'renamed' })
      await time.advance(4000)
      release()
      expect(claimsOf(await time.until(asked))).toMatchObject({ app: 'renamed' })
      expect(issuer.calls.mints).toEqual([['a'], ['a']])
    })

    it('of the earlier sandbox to one that was registered again with its ID', async () => {
      const { sandboxTokens, secrets, issuer, time, issue } = await createTestProxy()
      const release = issuer.hold()
      const asked = sandboxTokens.issue(secrets.a, {})
      await time.advance(10)
      await issuer.end('a')
      await issuer.register('a', { app: 'second', secrets: [{ sha256: await hashSecret('second') }] })
      await time.advance(4000)
      release()
      await expect(time.until(asked)).rejects.toThrow(withCode('ERR_CREDENTIAL_UNKNOWN'))
      expect(claimsOf(await issue(await hashSecret('second')))).toMatchObject({ app: 'second' })
    })

    it('when more than a hundred different ones are asked for a sandbox at once', async () => {
      const { sandboxTokens, secrets, issuer, time } = await createTestProxy()
      const release = issuer.hold()
      const asked = Array.from({ length: 100 }, (_, index) =>
        sandboxTokens.issue(secrets.a, { ttl: 60 + index }),
      )
      await time.advance(0)
      await expect(sandboxTokens.issue(secrets.a, { ttl: 1000 })).rejects.toMatchObject({
        answer: { status: 429, error: 'slow_down' },
      })
      const other = sandboxTokens.issue(secrets.b, {})
      release()
      await time.until(Promise.all([...asked, other]))
    })
  })

  it('takes over the assignments of another registry, and tells of it', async () => {
    const { issue, secrets, issuer, time, events } = await createTestProxy()
    await issue(secrets.a)
    issuer.state.registryId = 'another'
    await time.advance(3000)
    expect(events).toContainEqual({
      type: 'registry-changed',
      from: '33333333-3333-4333-8333-333333333333',
      to: 'another',
    })
    await issue(secrets.a)
    expect(issuer.calls.mints).toHaveLength(2)
  })

  it('tells listeners of every new list, and of the one that is known', async () => {
    const { proxy, issuer, time, events } = await createTestProxy()
    const heard: number[] = []
    proxy.onAssignments(() => {
      throw new Error('of a listener')
    })
    const forget = proxy.onAssignments(({ sandboxes }) => heard.push(sandboxes.length))
    await time.advance(6000)
    expect(heard).toEqual([2])
    await issuer.register('c')
    await time.advance(3000)
    expect(heard).toEqual([2, 3])
    forget()
    await issuer.end('c')
    await time.advance(3000)
    expect(heard).toEqual([2, 3])
    expect(events.filter(({ type }) => type === 'listener-failed')).toHaveLength(3)
  })

  it('mints for token files together with others, and keeps nothing of that', async () => {
    const { proxy, time, issuer } = await createTestProxy()
    const [first, second] = await time.until(
      Promise.all([proxy.mint('a'), proxy.mint('b', { audience: 'x' })]),
    )
    expect([claimsOf(first)['sandbox_id'], claimsOf(second)['aud']]).toEqual(['a', 'x'])
    expect(issuer.calls.mints).toEqual([['a', 'b']])
    expect(proxy.state()).toMatchObject({
      cachedTokens: 0,
      upstream: { calls: 1, failedCalls: 0, entries: 2, inFlight: 0, queued: 0 },
    })
  })

  it('gives a refusal of the issuer to who mints for a sandbox of another runner', async () => {
    const { proxy, time } = await createTestProxy()
    await expect(time.until(proxy.mint('of-another'))).rejects.toMatchObject({ answer: { status: 403 } })
  })

  it('tells how it is doing', async () => {
    const { proxy, time, events } = await createTestProxy()
    await time.advance(1500)
    expect(proxy.state()).toMatchObject({
      confirmedAt: time.clock.now() - 1,
      confirmedAge: 1,
      runnerId: 'runner-1',
      registryId: '33333333-3333-4333-8333-333333333333',
      sandboxes: 2,
    })
    expect(events.slice(0, 2)).toEqual([
      { type: 'assignments-confirmed', sandboxes: 2, changed: true },
      { type: 'assignments-changed', added: 2, gone: 0, ended: 0 },
    ])
  })

  it('stops, and tells sandboxes to come again', async () => {
    const { proxy, time, secrets, issue } = await createTestProxy()
    await proxy.stop()
    expect(time.timers()).toBe(0)
    await expect(issue(await hashSecret('unknown'))).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
    await issue(secrets.a)
  })

  it('serves 10,000 sandboxes with a hundredth of the calls', async () => {
    const time = createManualTime()
    const issuer = await createMemoryIssuer(time.clock.now, time.work)
    const secrets = Array.from({ length: 10_000 }, (_, index) => `hash-${index}`)
    const sandboxes = secrets.map((sha256, index) => ({
      sandbox_id: `s-${index}`,
      app: 'web',
      secrets: [{ sha256 }],
    }))
    const list = { runner_id: 'runner-1', registry_id: 'registry-1', sandboxes, ended: [] }
    const calls = { mints: 0, lists: 0 }
    const proxy = createRunnerProxy({
      client: {
        ...issuer.client,
        // Signing so many is another matter.
        async mintTokens(requests) {
          calls.mints += 1
          return requests.map(({ sandbox_id }) => unsignedToken(sandbox_id, time.clock.now()))
        },
        async listAssignments(etag) {
          calls.lists += 1
          return etag === undefined ? { etag: '"1"', list } : 'not-modified'
        },
      },
      clock: time.clock.now,
      monotonicMs: time.monotonicMs,
      startTimer: time.startTimer,
      random: () => 0.5,
      maxAssignmentAge: seconds(1800),
    })
    const askAll = () =>
      time.until(Promise.all(secrets.map((secret) => proxy.sandboxTokens.issue(secret, {}))))
    proxy.start()
    const tokens = await askAll()
    expect(new Set(tokens.map(({ value }) => value)).size).toBe(10_000)
    expect(proxy.state()).toMatchObject({ sandboxes: 10_000, cachedTokens: 10_000 })
    await askAll()
    expect(calls.mints).toBe(100)
    const before = calls.lists
    await time.advance(60_000)
    expect(calls.lists - before).toBe(20)
  })
})

function unsignedToken(sandbox_id: string, iat: number) {
  const exp = iat + 3600
  const payload = Buffer.from(JSON.stringify({ iss: 'x', aud: 'x', sandbox_id, iat, exp })).toString(
    'base64url',
  )
  return { sandbox_id, value: `e30.${payload}.e30`, expires_at: exp }
}
