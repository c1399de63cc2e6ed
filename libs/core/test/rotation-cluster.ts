import fc from 'fast-check'
import { expect } from 'vitest'
import { ISSUER_URL, START } from './fixtures.ts'
import { IssuerError, isIssuerError } from '../src/errors.ts'
import { decodeKeyRing } from '../src/key-ring/codec.ts'
import { activeKey } from '../src/key-ring/key-ring.ts'
import { planRotation } from '../src/key-ring/rotation-plan.ts'
import type { RotationPolicy } from '../src/key-ring/rotation-policy.ts'
import type { KeyStore } from '../src/ports/key-store.ts'
import { createFixedClock } from '../src/testing/fixed-clock.ts'
import { createMemoryKeyStore, type MemoryRingStorage } from '../src/testing/memory-key-store.ts'
import { createMemoryRegistryIdentity, createMemoryRegistryStorage } from '../src/testing/memory-registry.ts'
import { seconds } from '../src/time.ts'
import { createFollowedKeyRing, type FollowedKeyRing } from '../src/use-cases/follow-key-ring.ts'
import { openKeyRing } from '../src/use-cases/open-key-ring.ts'
import { createRevokeKey } from '../src/use-cases/revoke-key.ts'
import { createRotateByHand } from '../src/use-cases/rotate-by-hand.ts'
import { createRotateKeys, type MadeStep } from '../src/use-cases/rotate-keys.ts'

/** The longest life of a token in the cluster. */
export const MAX_TTL = seconds(3600)
/** A policy that just passes the check, under which a key signs for some hours. */
export const policy: RotationPolicy = {
  activeFor: seconds(20_000),
  publishAhead: seconds(7920),
  keepRetired: seconds(4080),
  jwksMaxAge: seconds(3600),
  staleIfError: seconds(300),
  storeLag: seconds(300),
}

const replica = fc.nat(2)
const act = fc.constantFrom('rotate' as const, 'by-hand' as const, 'force' as const)
/** What may happen to a cluster. */
export const clusterEvent = fc.oneof(
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
  // To the second around the moment at which the next step is due.
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('due' as const), off: fc.integer({ min: -1, max: 1 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('refresh' as const), replicas: fc.uniqueArray(replica) }),
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
type ClusterEvent = typeof clusterEvent extends fc.Arbitrary<infer T> ? T : never

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
export async function startCluster(scheduler: fc.Scheduler) {
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

/** What {@link startCluster} started. */
export type Cluster = Awaited<ReturnType<typeof startCluster>>

const perform = (chosen: Replica, what: 'rotate' | 'by-hand' | 'force'): Promise<unknown> =>
  what === 'rotate' ? chosen.rotate() : chosen.byHand(what === 'force')

async function restart({ replicas, start, clock, state }: Cluster, index: number): Promise<void> {
  replicas.splice(index, 1, await start())
  // Whoever starts does not know by how much the clock was ahead before.
  state.tokens = state.tokens.filter((token) => token.iat <= clock.now())
}

/** Lets it happen; what goes wrong without having been arranged is thrown. */
export async function happen(cluster: Cluster, given: ClusterEvent): Promise<void> {
  const { clock, state, replicas, scheduler, stored } = cluster
  switch (given.type) {
    case 'wait':
      clock.advance(given.duration)
      state.elapsed += given.duration
      return
    case 'due': {
      const { at } = planRotation(stored(), policy, clock.now(), 'EdDSA')
      const pause = Math.max(0, at + given.off - clock.now())
      clock.advance(pause)
      state.elapsed += pause
      return
    }
    case 'refresh': {
      const chosen = replicas.filter((_, index) => given.replicas.includes(index))
      await scheduler.waitFor(Promise.all(chosen.map(({ keyRing }) => keyRing.refresh())))
      return
    }
    case 'step-clock':
      // Issuers read the store every few seconds, so they all know how late it was.
      await scheduler.waitFor(Promise.all(replicas.map(({ keyRing }) => keyRing.refresh())))
      sign(cluster)
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
export function sign({ clock, state, replicas }: Cluster): void {
  for (const { keyRing } of replicas) {
    try {
      state.tokens.push({ kid: activeKey(keyRing.signingRing()).kid, iat: clock.now() })
    } catch (error) {
      if (!isIssuerError(error, 'ERR_KEY_RING_STALE')) throw error
    }
  }
}
