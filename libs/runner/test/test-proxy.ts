import { seconds } from '@workload-identity/core'
import { expect } from 'vitest'
import { createRunnerProxy } from '../src/create-runner-proxy.ts'
import type { RunnerEvent } from '../src/events.ts'
import type { RunnerProxyOptions } from '../src/runner-proxy.ts'
import { createManualTime } from './manual-time.ts'
import { createMemoryIssuer } from './memory-issuer.ts'

/** An error of that code. */
export const withCode = (code: string) => expect.objectContaining({ code }) as Error

/** A started proxy of an issuer in memory with sandboxes `a` and `b`. */
export async function createTestProxy(changes: Partial<RunnerProxyOptions> = {}) {
  const time = createManualTime()
  const issuer = await createMemoryIssuer(time.clock.now, time.work)
  const secrets = { a: await issuer.register('a'), b: await issuer.register('b', { app: 'other' }) }
  const events: RunnerEvent[] = []
  const options: RunnerProxyOptions = {
    client: issuer.client,
    clock: time.clock.now,
    monotonicMs: time.monotonicMs,
    startTimer: time.startTimer,
    random: () => 0.5,
    maxAssignmentAge: seconds(1800),
    onEvent: (event) => events.push(event),
    ...changes,
  }
  const proxy = createRunnerProxy(options)
  proxy.start()
  await time.advance(0)
  const { sandboxTokens } = proxy
  const issue = (secret: string, wishes = {}) => time.until(sandboxTokens.issue(secret, wishes))
  const sources = () => events.flatMap((event) => (event.type === 'answered' ? [event.from] : []))
  return { time, issuer, secrets, events, options, proxy, sandboxTokens, issue, sources }
}
