import type { AssignmentList } from '@workload-identity/api'
import { seconds } from '@workload-identity/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createManualTime } from '../test/manual-time.ts'
import { claimsOf, createMemoryIssuer } from '../test/memory-issuer.ts'
import { createRunnerProxy } from './create-runner-proxy.ts'

type Step =
  | { readonly do: 'ask' | 'end' | 'register' | 'rename' | 'hold' | 'release' | 'leave' | 'return' }
  | { readonly do: 'wait'; readonly ms: number }

const changes = [
  'end',
  'register',
  'register',
  'rename',
  'hold',
  'release',
  'release',
  'leave',
  'return',
] as const
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant<Step>({ do: 'ask' }) },
    { weight: 3, arbitrary: fc.constantFrom(...changes).map((name): Step => ({ do: name })) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(5, 500, 3000, 3000, 1_900_000).map((ms): Step => ({ do: 'wait', ms })),
    },
  ),
  { minLength: 10, maxLength: 40 },
)

/** A proxy of one sandbox `a`, whose application has another name after every change. */
async function createTestNode() {
  const time = createManualTime()
  const issuer = await createMemoryIssuer(time.clock.now, time.work)
  const secret = await issuer.register('a', { app: 'app-0' })
  const told: { list?: AssignmentList } = {}
  const proxy = createRunnerProxy({
    client: {
      ...issuer.client,
      async listAssignments(etag) {
        const answer = await issuer.client.listAssignments(etag)
        if (answer !== 'not-modified') told.list = answer.list
        return answer
      },
    },
    clock: time.clock.now,
    monotonicMs: time.monotonicMs,
    startTimer: time.startTimer,
    random: () => 0.5,
    maxAssignmentAge: seconds(86_400),
  })
  proxy.start()
  await time.advance(0)
  return { time, issuer, secret, told, proxy }
}

describe('sandboxTokens of createRunnerProxy', () => {
  it('never gives a token of before to a sandbox, whatever happens meanwhile (property)', async () => {
    let given = 0
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const { time, issuer, secret, told, proxy } = await createTestNode()
        let names = 0
        let isLive = true
        let release = () => {}
        const asked: Promise<void>[] = []
        /** The names it had since the issuer last told it: what a token may hold that was signed since. */
        const allowed = () => {
          const listed = told.list?.sandboxes.map(({ app }) => app) ?? []
          return listed.length === 0 ? [] : [...listed, `app-${names}`]
        }
        const ask = async () => {
          try {
            const token = await proxy.sandboxTokens.issue(secret, {})
            given += 1
            expect(allowed()).toContain(claimsOf(token)['app'])
            expect(token.expires_at).toBeGreaterThanOrEqual(time.clock.now() + 60)
          } catch (error) {
            const { code, answer } = error as { code?: string; answer?: { status: number } }
            expect(code ?? answer?.status).toBeOneOf([
              'ERR_CREDENTIAL_UNKNOWN',
              'ERR_ISSUER_UNAVAILABLE',
              403,
            ])
          }
        }
        for (const step of sequence) {
          if (step.do === 'ask') asked.push(ask())
          if (step.do === 'wait') {
            // No client waits that long for an answer.
            if (step.ms > 10_000) release()
            await time.advance(step.ms)
          }
          if (step.do === 'hold') {
            release()
            release = issuer.hold()
          }
          if (step.do === 'release') release()
          if (step.do === 'leave') issuer.state.isAway = true
          if (step.do === 'return') issuer.state.isAway = false
          if (step.do === 'end' && isLive) {
            await issuer.end('a')
            isLive = false
          }
          if (step.do === 'register' && !isLive) {
            await issuer.register('a', { app: `app-${(names += 1)}` })
            isLive = true
          }
          if (step.do === 'rename' && isLive) await issuer.change('a', { app: `app-${(names += 1)}` })
        }
        release()
        issuer.state.isAway = false
        await time.until(Promise.all(asked))
        await time.advance(10_000)
        expect(proxy.state()).toMatchObject({
          sandboxes: isLive ? 1 : 0,
          upstream: { inFlight: 0, queued: 0 },
        })
        if (!isLive) expect(proxy.state().cachedTokens).toBe(0)
        await proxy.stop()
        expect(time.timers()).toBe(0)
      }),
      { seed: 8, numRuns: 30 },
    )
    expect(given).toBeGreaterThan(100)
  })
})
