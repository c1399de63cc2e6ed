import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clusterEvent,
  happen,
  policy,
  sign,
  startCluster,
  MAX_TTL,
  type Cluster,
} from '../../test/rotation-cluster.ts'
import { assertKeyRing, isTombstone, publishedKeys, type KeyRing } from '../key-ring/key-ring.ts'
import { assertRotationPolicy } from '../key-ring/rotation-policy.ts'
import { seconds } from '../time.ts'

function assertRing(cluster: Cluster, before: KeyRing): void {
  const ring = cluster.stored()
  const now = cluster.clock.now()
  assertKeyRing(ring)
  expect(ring.keys.filter((key) => key.state === 'active')).toHaveLength(1)
  expect(ring.keys.filter((key) => key.private !== undefined && key.state === 'retired')).toEqual([])
  const tombstones = new Set(ring.history.filter(isTombstone).map((entry) => entry.kid))
  const earlier = before.history.filter(isTombstone).map((entry) => entry.kid)
  expect(earlier.filter((kid) => !tombstones.has(kid))).toEqual([])
  const published = new Set(publishedKeys(ring, now).map((key) => key.kid))
  // A token that was over once stays so, even when the clock is put back then.
  cluster.state.tokens = cluster.state.tokens.filter(({ iat }) => now < iat + MAX_TTL)
  const lost = cluster.state.tokens.filter(({ kid }) => !tombstones.has(kid) && !published.has(kid))
  expect(lost).toEqual([])
}

describe('createRotateKeys, createRotateByHand and createRevokeKey of several replicas', () => {
  it('have a policy that passes the check, just so', () => {
    expect(() => assertRotationPolicy(policy, MAX_TTL)).not.toThrow()
    const sooner = { ...policy, publishAhead: seconds(policy.publishAhead - 1) }
    expect(() => assertRotationPolicy(sooner, MAX_TTL)).toThrow(/publishAhead/)
  })

  it('keep every promise of the ring, and the key of every live token, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(clusterEvent, { minLength: 1, maxLength: 40 }),
        fc.scheduler(),
        async (events, scheduler) => {
          const cluster = await startCluster(scheduler)
          const { clock, state, stored } = cluster
          const offset = () => clock.now() - state.elapsed
          const publications = new Map<string, { elapsed: number; offset: number }>()
          for (const given of events) {
            const before = stored()
            await happen(cluster, given)
            assertRing(cluster, before)
            sign(cluster)
            assertRing(cluster, before)
            for (const key of stored().keys) {
              if (!publications.has(key.kid)) {
                publications.set(key.kid, { elapsed: state.elapsed, offset: offset() })
              }
              // A key signs publishAhead after it was published: that much time has passed, or the clock leapt ahead.
              const wasNext = before.keys.find((entry) => entry.kid === key.kid)?.state === 'next'
              if (given.type !== 'race' || key.state !== 'active' || !wasNext) continue
              const publication = publications.get(key.kid)!
              const leapt = Math.max(0, offset() - publication.offset)
              expect(state.elapsed - publication.elapsed + leapt).toBeGreaterThanOrEqual(policy.publishAhead)
            }
          }
        },
      ),
      { numRuns: 200, seed: 20_260_101 },
    )
  }, 60_000)
})
