import { addSeconds, hashSecret, seconds } from '@workload-identity/core'
import { describe, expect, it } from 'vitest'
import { claimsOf } from '../test/memory-issuer.ts'
import { createTestProxy, withCode } from '../test/test-proxy.ts'
import { createRunnerProxy } from './create-runner-proxy.ts'

describe('createRunnerProxy', () => {
  describe('while the issuer is away', () => {
    it('gives kept tokens, and others ERR_ISSUER_UNAVAILABLE', async () => {
      const { issue, secrets, issuer, time, sources } = await createTestProxy()
      const token = await issue(secrets.a)
      issuer.state.isAway = true
      await time.advance(60_000)
      expect(await issue(secrets.a)).toEqual(token)
      await expect(issue(secrets.a, { audience: 'x' })).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
      await expect(issue(secrets.b)).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
      expect(sources()).toEqual(['upstream', 'cache'])
    })

    it('gives a token beyond half of its life until a minute before its end', async () => {
      const { issue, secrets, issuer, time, sources } = await createTestProxy()
      const token = await issue(secrets.a, { ttl: 600 })
      issuer.state.isAway = true
      await time.advance(539_000)
      expect(await issue(secrets.a, { ttl: 600 })).toEqual(token)
      expect(sources()).toEqual(['upstream', 'outage'])
      await time.advance(1000)
      await expect(issue(secrets.a, { ttl: 600 })).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
    })

    it('says ERR_ISSUER_UNAVAILABLE to an unknown secret, never that it is unknown', async () => {
      const { issue, issuer, time } = await createTestProxy()
      issuer.state.isAway = true
      await time.advance(10_000)
      await expect(issue(await hashSecret('wis_unknown'))).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
    })

    it('says ERR_ISSUER_UNAVAILABLE to everybody when it was away for too long, and heals by itself', async () => {
      const { issue, secrets, issuer, time, proxy } = await createTestProxy({ maxAssignmentAge: seconds(60) })
      await issue(secrets.a)
      issuer.state.isAway = true
      await time.advance(50_000)
      expect(proxy.readiness().problems).toEqual([])
      expect(proxy.readiness().warnings).toHaveLength(1)
      await issue(secrets.a)
      await time.advance(10_000)
      await expect(issue(secrets.a)).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
      expect(proxy.readiness().problems).toEqual([
        'the issuer last confirmed the assignments 60 s ago: they no longer count',
      ])
      issuer.state.isAway = false
      await time.advance(5000)
      expect(proxy.readiness()).toEqual({ problems: [] })
      await issue(secrets.a)
    })

    it('gets old at the same pace when the clock is put back', async () => {
      const { issue, secrets, issuer, time, proxy } = await createTestProxy({ maxAssignmentAge: seconds(60) })
      issuer.state.isAway = true
      time.clock.advance(-86_400)
      await time.advance(60_000)
      await expect(issue(secrets.a)).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
      expect(proxy.state().confirmedAge).toBe(60)
    })

    it('starts with ERR_ISSUER_UNAVAILABLE, and serves every sandbox when the issuer is back', async () => {
      const { issuer, secrets, time, options } = await createTestProxy()
      issuer.state.isAway = true
      const restarted = createRunnerProxy(options)
      restarted.start()
      await expect(time.until(restarted.sandboxTokens.issue(secrets.a, {}))).rejects.toThrow(
        withCode('ERR_ISSUER_UNAVAILABLE'),
      )
      expect(restarted.readiness().problems).toHaveLength(1)
      issuer.state.isAway = false
      await time.advance(5000)
      expect(claimsOf(await time.until(restarted.sandboxTokens.issue(secrets.a, {})))).toMatchObject({
        sandbox_id: 'a',
      })
    })

    it('answers who a sandbox is when that was asked before', async () => {
      const { sandboxTokens, secrets, issuer, time } = await createTestProxy()
      const before = await time.until(sandboxTokens.describe(secrets.a))
      issuer.state.isAway = true
      await time.advance(600_000)
      expect(await time.until(sandboxTokens.describe(secrets.a))).toEqual(before)
      await expect(time.until(sandboxTokens.describe(secrets.b))).rejects.toThrow(
        withCode('ERR_ISSUER_UNAVAILABLE'),
      )
    })
  })

  describe('when the issuer does not know the runner any more', () => {
    it('gives nothing within 5 s, neither kept tokens nor a no, until the runner is known again', async () => {
      const { issue, secrets, sandboxTokens, issuer, time, proxy, events } = await createTestProxy()
      const token = await issue(secrets.a)
      await time.until(sandboxTokens.describe(secrets.a))
      issuer.state.isRefusing = true
      await time.advance(5000)
      await expect(issue(secrets.a)).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
      await expect(time.until(sandboxTokens.describe(secrets.a))).rejects.toThrow(
        withCode('ERR_ISSUER_UNAVAILABLE'),
      )
      await expect(issue(await hashSecret('wis_unknown'))).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
      expect(proxy.readiness().problems).toEqual([
        'the issuer refuses the credential of this runner: it was replaced, or the runner ended',
      ])
      expect(events).toContainEqual(expect.objectContaining({ type: 'assignments-failed', isRefused: true }))
      issuer.state.isRefusing = false
      await time.advance(5000)
      expect(await issue(secrets.a)).toEqual(token)
      expect(proxy.readiness()).toEqual({ problems: [] })
    })

    it('gives nothing when the issuer goes away after that', async () => {
      const { issue, secrets, issuer, time } = await createTestProxy()
      await issue(secrets.a)
      issuer.state.isRefusing = true
      await time.advance(5000)
      issuer.state.isAway = true
      await time.advance(5000)
      await expect(issue(secrets.a)).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
    })
  })

  describe('knows whose a secret is', () => {
    it('by asking the issuer once for all who show unknown ones, and then says no', async () => {
      const { sandboxTokens, issuer, time } = await createTestProxy()
      await time.advance(2500)
      const unknown = await Promise.all(['1', '2', '3'].map((text) => hashSecret(text)))
      const results = await time.until(
        Promise.allSettled(unknown.map((secret) => sandboxTokens.issue(secret, {}))),
      )
      for (const result of results) {
        expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_CREDENTIAL_UNKNOWN' } })
      }
      expect(issuer.calls.lists).toBe(2)
    })

    it('at once of a sandbox that was registered since', async () => {
      const { issue, issuer, time } = await createTestProxy()
      await time.advance(2500)
      const secret = await issuer.register('new')
      expect(claimsOf(await issue(secret))).toMatchObject({ sandbox_id: 'new' })
      expect(issuer.calls.lists).toBe(2)
    })

    it('and does not take an answer from before the question for a no', async () => {
      const { issue, issuer, time } = await createTestProxy()
      await time.advance(100)
      const secret = await issuer.register('new')
      expect(claimsOf(await issue(secret))).toMatchObject({ sandbox_id: 'new' })
    })

    it.each(['ended', 'moved'])('and refuses that of a sandbox that was %s, within 5 s', async (what) => {
      const { issue, secrets, issuer, time, proxy } = await createTestProxy()
      await issue(secrets.a)
      await (what === 'ended' ? issuer.end('a') : issuer.change('a', { runner_id: 'runner-2' }))
      await time.advance(5000)
      expect(proxy.state()).toMatchObject({ sandboxes: 1, cachedTokens: 0 })
      await expect(issue(secrets.a)).rejects.toThrow(withCode('ERR_CREDENTIAL_UNKNOWN'))
    })

    it('and takes no secret whose grace is over, while the list is the same', async () => {
      const { issue, secrets, issuer, time } = await createTestProxy()
      const renewed = await hashSecret('renewed')
      const valid_until = (time.clock.now() + 20) as never
      await issuer.change('a', { secrets: [{ sha256: renewed }, { sha256: secrets.a, valid_until }] })
      await time.advance(5000)
      await issue(secrets.a)
      await time.advance(15_000)
      await expect(issue(secrets.a)).rejects.toThrow(withCode('ERR_CREDENTIAL_UNKNOWN'))
      await issue(renewed)
    })

    it('by the clock of the issuer when the one of the node is ahead', async () => {
      const { issuer, time, options } = await createTestProxy()
      const secret = await issuer.register('leased', {
        expires_at: addSeconds(time.clock.now(), seconds(60)),
      })
      const proxy = createRunnerProxy({
        ...options,
        clock: () => addSeconds(time.clock.now(), seconds(3600)),
      })
      proxy.start()
      const issue = () => time.until(proxy.sandboxTokens.issue(secret, {}))
      expect(claimsOf(await issue())).toMatchObject({ sandbox_id: 'leased' })
      await time.advance(60_000)
      await expect(issue()).rejects.toThrow(withCode('ERR_CREDENTIAL_UNKNOWN'))
    })

    it('and takes no list of another runner', async () => {
      const { issue, secrets, issuer, time, proxy, events } = await createTestProxy()
      issuer.state.runnerId = 'runner-2'
      await time.advance(5000)
      await issue(secrets.a)
      expect(proxy.readiness().warnings).toHaveLength(1)
      expect(events).toContainEqual(expect.objectContaining({ type: 'assignments-failed', failures: 1 }))
    })

    it('and takes no first list of another runner than the one it is', async () => {
      const { issue, secrets, proxy } = await createTestProxy({ runnerId: 'runner-7' })
      await expect(issue(secrets.a)).rejects.toThrow(withCode('ERR_ISSUER_UNAVAILABLE'))
      expect(proxy.state().sandboxes).toBe(0)
    })
  })
})
