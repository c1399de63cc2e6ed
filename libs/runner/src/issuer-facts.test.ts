import type { IssuerFactsBody } from '@workload-identity/api'
import { describe, expect, it } from 'vitest'
import { createManualTime } from '../test/manual-time.ts'
import { createMemoryIssuer } from '../test/memory-issuer.ts'
import { issuerFingerprint, watchIssuerFacts } from './issuer-facts.ts'

async function createTestWatch() {
  const time = createManualTime()
  const issuer = await createMemoryIssuer(time.clock.now, time.work)
  const changes = { count: 0 }
  const watch = watchIssuerFacts({
    client: issuer.client,
    everyMs: 30_000,
    nowMs: time.monotonicMs,
    onChanged: () => (changes.count += 1),
  })
  const look = async (afterMs = 30_000) => {
    await time.advance(afterMs)
    watch.look()
    await watch.settled()
  }
  return { issuer, changes, look }
}

describe('issuerFingerprint', () => {
  it.each<Partial<IssuerFactsBody>>([
    { issuer: 'https://other.example.com' },
    { keys_fingerprint: 'SHA256:2' },
    { organization_id: 'other' },
    { cluster_id: 'other' },
    { default_audience: 'other' },
    { allowed_audiences: ['x'] },
    { default_ttl: 60 },
    { max_ttl: 3600 },
  ])('differs with %j', async (changes) => {
    const { facts } = (await createTestWatch()).issuer.state
    expect(issuerFingerprint({ ...facts, ...changes })).not.toBe(issuerFingerprint(facts))
  })

  it('is the same whichever key signs and wherever tokens are asked for', async () => {
    const { facts } = (await createTestWatch()).issuer.state
    const other = { ...facts, active_key: { kid: 'k2', alg: 'RS256' as const }, token_url: 'unix:/x' }
    expect(issuerFingerprint(other)).toBe(issuerFingerprint(facts))
  })
})

describe('watchIssuerFacts', () => {
  it('tells of a change, not of the first answer', async () => {
    const { issuer, changes, look } = await createTestWatch()
    await look()
    await look()
    expect(changes.count).toBe(0)
    issuer.state.facts = { ...issuer.state.facts, keys_fingerprint: 'SHA256:2' }
    await look()
    await look()
    expect(changes.count).toBe(1)
  })

  it('asks at most every 30 s', async () => {
    const { issuer, look } = await createTestWatch()
    await look(0)
    await look(29_999)
    expect(issuer.calls.facts).toBe(1)
    await look(1)
    expect(issuer.calls.facts).toBe(2)
  })

  it('takes an answer that does not come for no change', async () => {
    const { issuer, changes, look } = await createTestWatch()
    await look()
    issuer.state.isAway = true
    await look()
    issuer.state.isAway = false
    await look()
    expect(changes.count).toBe(0)
  })
})
