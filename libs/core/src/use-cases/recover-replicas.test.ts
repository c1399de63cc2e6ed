import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ISSUER_URL, keys, ringOf, START } from '../../test/fixtures.ts'
import { isIssuerError, type IssuerErrorCode } from '../errors.ts'
import { decodeKeyRing, encodeKeyRing } from '../key-ring/codec.ts'
import { assertKeyRing, isTombstone, nextKey, publishedKeys, type KeyRing } from '../key-ring/key-ring.ts'
import { applyStep, nextGeneration, type RingStep } from '../key-ring/transitions.ts'
import type { KeyStore, StoredKeyRing } from '../ports/key-store.ts'
import { createFixedClock } from '../testing/fixed-clock.ts'
import { createMemoryKeyStore, type MemoryRingStorage } from '../testing/memory-key-store.ts'
import { createMemoryRegistryIdentity, createMemoryRegistryStorage } from '../testing/memory-registry.ts'
import { seconds } from '../time.ts'
import { createFollowedKeyRing, type FollowedKeyRing } from './follow-key-ring.ts'
import { openKeyRing } from './open-key-ring.ts'

const keepRetired = seconds(5000)
const pool = [keys.eddsa, keys.eddsaOther, keys.es256, keys.rs256, keys.rs256Other]
const storedOf = (ring: KeyRing): StoredKeyRing => ({
  ...{ generation: ring.generation, write_id: ring.write_id, document: encodeKeyRing(ring) },
})
const stranger = storedOf(ringOf(keys.rs256Long, { cluster_id: 'eu-2', generation: 1000 }))

const replica = fc.nat(3)
const key = fc.constantFrom(...pool)
/** Replaced by the ID of a key that the ring has, so that most steps are possible. */
const kid = fc.nat().map(String)
const step = fc.oneof(
  fc.record({ type: fc.constant('publish-next'), key }),
  fc.record({ type: fc.constant('activate'), kid, keepRetired: fc.constant(keepRetired) }),
  fc.record({ type: fc.constant('take-over'), key, keepRetired: fc.constant(keepRetired) }),
  fc.record({ type: fc.constant('remove'), kid }),
  fc.record({ type: fc.constant('revoke'), kid, successor: key }, { requiredKeys: ['type', 'kid'] }),
) as fc.Arbitrary<RingStep>
const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('change' as const), replica, step }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('refresh' as const), replicas: fc.uniqueArray(replica) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('rollback' as const), to: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('restart' as const), replica }) },
  { weight: 1, arbitrary: fc.constant({ type: 'flush' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'stranger' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('wait' as const), duration: fc.integer({ max: 400, min: 1 }) }),
  },
)
type ClusterEvent = typeof event extends fc.Arbitrary<infer T> ? T : never

/** Issuers on one store, of which everything ever saved is remembered, so that it can be put back. */
async function startCluster(size: number, scheduler: fc.Scheduler) {
  const storage: MemoryRingStorage = {}
  const copies: StoredKeyRing[] = []
  const clock = createFixedClock(START)
  const memory = createMemoryKeyStore(storage)
  const keyStore: KeyStore = {
    load: () => scheduler.schedule(Promise.resolve(), 'load').then(() => memory.load()),
    async save(ring, expected) {
      await scheduler.schedule(Promise.resolve(), 'save')
      await memory.save(ring, expected)
      copies.push(ring)
    },
  }
  const request = {
    clusterId: 'eu-1',
    issuerUrl: ISSUER_URL,
    requireKeys: false,
    specification: 'EdDSA',
  } as const
  const start = async () => {
    const registry = createMemoryRegistryIdentity(createMemoryRegistryStorage())
    const opened = await openKeyRing({ keyStore, registry, clock: clock.now }, request)
    return createFollowedKeyRing({ keyStore, clock: clock.now, storeLag: seconds(300), keepRetired }, opened)
  }
  const replicas: FollowedKeyRing[] = []
  for (let count = 0; count < size; count += 1) replicas.push(await scheduler.waitFor(start()))
  return { storage, copies, clock, keyStore, replicas, start }
}
type Cluster = Awaited<ReturnType<typeof startCluster>>

async function ignoring(codes: readonly IssuerErrorCode[], attempt: Promise<unknown>): Promise<void> {
  try {
    await attempt
  } catch (error) {
    if (!isIssuerError(error, ...codes)) throw error
  }
}

function resolveKid(ring: KeyRing, move: RingStep): RingStep {
  if (!('kid' in move)) return move
  const chosen = move.type === 'activate' ? nextKey(ring) : ring.keys[Number(move.kid) % ring.keys.length]
  return { ...move, kid: chosen?.kid ?? move.kid }
}

async function change(
  { keyStore, clock }: Cluster,
  followed: FollowedKeyRing,
  move: RingStep,
): Promise<void> {
  const ring = followed.ring()
  const changed = nextGeneration(applyStep(ring, resolveKid(ring, move), clock.now()), crypto.randomUUID())
  await keyStore.save(storedOf(changed), ring)
  await followed.refresh()
}

async function happen(cluster: Cluster, given: ClusterEvent, scheduler: fc.Scheduler): Promise<void> {
  const { storage, copies, clock, replicas } = cluster
  const at = (index: number) => index % replicas.length
  switch (given.type) {
    case 'change': {
      const followed = replicas[at(given.replica)]
      if (followed === undefined) return
      const refused = ['ERR_KEY_TRANSITION', 'ERR_KEY_NOT_FOUND', 'ERR_KEY_REVOKED'] as const
      const attempt = change(cluster, followed, given.step)
      await scheduler.waitFor(ignoring([...refused, 'ERR_STORE_CONFLICT', 'ERR_STORE_FOREIGN'], attempt))
      return
    }
    case 'refresh': {
      const chosen = replicas.filter((_, index) => given.replicas.includes(index))
      const all = chosen.map((followed) => ignoring(['ERR_STORE_FOREIGN'], followed.refresh()))
      await scheduler.waitFor(Promise.all(all))
      return
    }
    case 'restart': {
      const restarted = cluster.start().then((followed) => replicas.splice(at(given.replica), 1, followed))
      await scheduler.waitFor(ignoring(['ERR_STORE_FOREIGN'], restarted))
      return
    }
    case 'rollback': {
      const copy = copies.at(-1 - (given.to % Math.min(copies.length, 4)))
      if (copy !== undefined) storage.ring = copy
      return
    }
    case 'flush':
      delete storage.ring
      return
    case 'stranger':
      storage.ring = stranger
      return
    case 'wait':
      clock.advance(given.duration)
  }
}

const kidsOf = (rings: readonly KeyRing[], pick: (ring: KeyRing) => readonly { readonly kid: string }[]) =>
  new Set(rings.flatMap((ring) => pick(ring).map((entry) => entry.kid)))
const tombstones = (ring: KeyRing) => ring.history.filter(isTombstone)

function assertNothingLost(cluster: Cluster, before: readonly KeyRing[], after: KeyRing): void {
  assertKeyRing(after)
  const now = cluster.clock.now()
  const revoked = kidsOf(before, tombstones)
  expect([...revoked].filter((id) => !kidsOf([after], tombstones).has(id))).toEqual([])
  const published = kidsOf([after], (ring) => publishedKeys(ring, now))
  const ended = kidsOf([after], (ring) => ring.history)
  const known = kidsOf(before, (ring) => publishedKeys(ring, now))
  expect([...known].filter((id) => !published.has(id) && !ended.has(id))).toEqual([])
}

describe('FollowedKeyRing.refresh of several replicas', () => {
  it('loses no key, brings none back that is revoked, and agrees in the end, whatever happens to the store', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 4 }),
        fc.array(event, { minLength: 1, maxLength: 25 }),
        fc.scheduler(),
        async (size, events, scheduler) => {
          const cluster = await startCluster(size, scheduler)
          for (const given of events) {
            const before = cluster.replicas.map((followed) => followed.ring())
            const isForeign = cluster.storage.ring === stranger
            await happen(cluster, given, scheduler)
            // Whoever goes on running never forgets a tombstone, and what is foreign is never touched.
            if (given.type !== 'restart') {
              for (const [index, followed] of cluster.replicas.entries()) {
                const own = before[index]
                if (own !== undefined) assertNothingLost(cluster, [own], followed.ring())
                expect(followed.ring().cluster_id).toBe('eu-1')
              }
            }
            if (isForeign && !['rollback', 'flush'].includes(given.type)) {
              expect(cluster.storage.ring).toBe(stranger)
            }
          }
          const before = cluster.replicas.map((followed) => followed.ring())
          if (cluster.storage.ring === stranger) delete cluster.storage.ring
          for (let round = 0; round < 2; round += 1) {
            await scheduler.waitFor(Promise.all(cluster.replicas.map((followed) => followed.refresh())))
          }
          const final = decodeKeyRing(cluster.storage.ring?.document ?? '')
          for (const followed of cluster.replicas) {
            expect(followed.ring()).toEqual(final)
            expect(followed.isFresh()).toBe(true)
          }
          assertNothingLost(cluster, before, final)
        },
      ),
      { numRuns: 150 },
    )
  }, 60_000)
})
