import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ISSUER_URL, START } from '../../test/fixtures.ts'
import { IssuerError, isIssuerError } from '../errors.ts'
import { decodeKeyRing } from '../key-ring/codec.ts'
import { activeKey, assertKeyRing, isTombstone, publishedKeys, type KeyRing } from '../key-ring/key-ring.ts'
import { assertRotationPolicy, type RotationPolicy } from '../key-ring/rotation-policy.ts'
import type { KeyStore } from '../ports/key-store.ts'
import { createFixedClock } from '../testing/fixed-clock.ts'
import { createMemoryKeyStore, type MemoryRingStorage } from '../testing/memory-key-store.ts'
import { createMemoryRegistryIdentity, createMemoryRegistryStorage } from '../testing/memory-registry.ts'
import { seconds } from '../time.ts'
import { createFollowedKeyRing, type FollowedKeyRing } from './follow-key-ring.ts'
import { openKeyRing } from './open-key-ring.ts'
import { createRevokeKey } from './revoke-key.ts'
import { createRotateByHand } from './rotate-by-hand.ts'
import { createRotateKeys, type MadeStep } from './rotate-keys.ts'

const MAX_TTL = seconds(3600)
const policy: RotationPolicy = {
  activeFor: seconds(20_000),
  publishAhead: seconds(7920),
  keepRetired: seconds(4080),
  jwksMaxAge: seconds(3600),
  staleIfError: seconds(300),
  storeLag: seconds(300),
}

const replica = fc.nat(2)
const act = fc.constantFrom('rotate' as const, 'by-hand' as const, 'force' as const)
const event = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('wait' as const),
      // Some seconds, some hours, or weeks.
      duration: fc.oneof(
        fc.integer({ min: 0, max: 299 }),
        fc.integer({ max: 9000, min: 300 }),
        fc.constant(2_000_000),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('step-clock' as const),
      by: fc.integer({ min: -18_000, max: 18_000 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('race' as const), replicas: fc.uniqueArray(replica) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('act' as const), replica, act }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('revoke' as const), replica, key: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('crash' as const),
      ...{ replica, act, fault: fc.constantFrom('before' as const, 'after' as const) },
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('unknown' as const),
      ...{ replica, act, fault: fc.constantFrom('before' as const, 'after' as const) },
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const), replica }) },
)
type ClusterEvent = typeof event extends fc.Arbitrary<infer T> ? T : never

class Crash extends Error {}

/** A replica and what it can be told to do. */
interface Replica {
  readonly keyRing: FollowedKeyRing
  readonly rotate: () => Promise<MadeStep | undefined>
  readonly byHand: (force: boolean) => Promise<unknown>
  readonly revoke: (kid: string) => Promise<unknown>
  /** What becomes of its next save. */
  fault?: { readonly at: 'before' | 'after'; readonly error: Error }
}

interface Token {
  readonly kid: string
  readonly iat: number
}

/** Issuers on one store and one clock that may be wrong, and every token they signed. */
async function startCluster(scheduler: fc.Scheduler) {
  const storage: MemoryRingStorage = {}
  const memory = createMemoryKeyStore(storage)
  const clock = createFixedClock(START)
  const state = { saves: 0, elapsed: 0, tokens: [] as Token[] }
  const registry = createMemoryRegistryIdentity(createMemoryRegistryStorage())
  const request = {
    clusterId: 'eu-1',
    issuerUrl: ISSUER_URL,
    requireKeys: false,
    specification: 'EdDSA',
  } as const

  const start = async (): Promise<Replica> => {
    const keyStore: KeyStore = {
      load: () => scheduler.schedule(Promise.resolve(), 'load').then(() => memory.load()),
      async save(ring, expected) {
        const { fault } = self
        delete self.fault
        await scheduler.schedule(Promise.resolve(), 'save')
        if (fault?.at === 'before') throw fault.error
        await memory.save(ring, expected)
        state.saves += 1
        if (fault?.at === 'after') throw fault.error
      },
    }
    const opened = await openKeyRing({ keyStore: memory, registry, clock: clock.now }, request)
    const following = { keyStore, clock: clock.now, ...policy }
    const keyRing = createFollowedKeyRing(following, opened)
    const dependencies = { keyRing, clock: clock.now, policy, specification: 'EdDSA' } as const
    const rotate = createRotateKeys(dependencies)
    const byHand = createRotateByHand(dependencies)
    const revoke = createRevokeKey(dependencies)
    const self: Replica = {
      keyRing,
      rotate: async () => (await rotate()).made,
      byHand: (force) => byHand({ force }),
      revoke: (kid) => revoke({ kid }),
    }
    return self
  }
  const replicas = [await start(), await start(), await start()]
  const stored = () => decodeKeyRing(storage.ring?.document ?? '')
  return { clock, state, replicas, start, stored, scheduler }
}
type Cluster = Awaited<ReturnType<typeof startCluster>>

const perform = (chosen: Replica, what: 'rotate' | 'by-hand' | 'force'): Promise<unknown> =>
  what === 'rotate' ? chosen.rotate() : chosen.byHand(what === 'force')

async function restart({ replicas, start, clock, state }: Cluster, index: number): Promise<void> {
  replicas.splice(index, 1, await start())
  // Whoever starts does not know by how much the clock was ahead before.
  state.tokens = state.tokens.filter((token) => token.iat <= clock.now())
}

async function happen(cluster: Cluster, given: ClusterEvent): Promise<void> {
  const { clock, state, replicas, scheduler, stored } = cluster
  switch (given.type) {
    case 'wait':
      clock.advance(given.duration)
      state.elapsed += given.duration
      return
    case 'step-clock':
      // Issuers read the store every few seconds, so they all know how late it was.
      await scheduler.waitFor(Promise.all(replicas.map(({ keyRing }) => keyRing.refresh())))
      clock.advance(given.by)
      return
    case 'race': {
      const saves = state.saves
      const racers = replicas.filter((_, index) => given.replicas.includes(index))
      const made = await scheduler.waitFor(Promise.all(racers.map((racer) => racer.rotate())))
      const steps = made.filter((step) => step !== undefined).map(({ type, kid }) => `${type} ${kid}`)
      expect(new Set(steps).size).toBe(steps.length)
      expect(steps).toHaveLength(state.saves - saves)
      expect(steps.filter((step) => step.startsWith('publish-next')).length).toBeLessThanOrEqual(1)
      return
    }
    case 'act':
      await scheduler.waitFor(perform(replicas[given.replica]!, given.act))
      return
    case 'revoke': {
      const { keys } = stored()
      const { kid } = keys[given.key % keys.length]!
      await scheduler.waitFor(replicas[given.replica]!.revoke(kid))
      return
    }
    case 'crash':
    case 'unknown': {
      const chosen = replicas[given.replica]!
      const error =
        given.type === 'crash' ? new Crash() : new IssuerError('ERR_STORE_UNAVAILABLE', 'it is not known')
      chosen.fault = { at: given.fault, error }
      try {
        await scheduler.waitFor(perform(chosen, given.act))
      } catch (thrown) {
        expect(thrown).toBe(error)
      }
      delete chosen.fault
      if (given.type === 'crash') await restart(cluster, given.replica)
      return
    }
    case 'restart':
      await restart(cluster, given.replica)
  }
}

/** Every replica that may sign does. */
function sign({ clock, state, replicas }: Cluster): void {
  for (const { keyRing } of replicas) {
    try {
      state.tokens.push({ kid: activeKey(keyRing.signingRing()).kid, iat: clock.now() })
    } catch (error) {
      if (!isIssuerError(error, 'ERR_KEY_RING_STALE')) throw error
    }
  }
}

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
  const lost = cluster.state.tokens.filter(
    ({ kid, iat }) => now < iat + MAX_TTL && !tombstones.has(kid) && !published.has(kid),
  )
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
        fc.array(event, { minLength: 1, maxLength: 40 }),
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
