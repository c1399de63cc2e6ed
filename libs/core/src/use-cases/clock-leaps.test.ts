import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ISSUER_URL, START } from '../../test/fixtures.ts'
import { MAX_TTL, policy } from '../../test/rotation-cluster.ts'
import { isIssuerError } from '../errors.ts'
import { clockHolds, watchClock, type ClockReading, type ClockWatch } from '../key-ring/clock-watch.ts'
import { decodeKeyRing } from '../key-ring/codec.ts'
import { activeKey, publishedKeys } from '../key-ring/key-ring.ts'
import { planRotation } from '../key-ring/rotation-plan.ts'
import { createFixedClock } from '../testing/fixed-clock.ts'
import { createMemoryKeyStore, type MemoryRingStorage } from '../testing/memory-key-store.ts'
import { createMemoryRegistryIdentity, createMemoryRegistryStorage } from '../testing/memory-registry.ts'
import { addSeconds, seconds } from '../time.ts'
import { createFollowedKeyRing } from './follow-key-ring.ts'
import { openKeyRing } from './open-key-ring.ts'
import { createRemoveKey } from './remove-key.ts'
import { createRotateByHand } from './rotate-by-hand.ts'
import { createRotateKeys } from './rotate-keys.ts'

const specification = 'EdDSA'
const request = { clusterId: 'eu-1', issuerUrl: ISSUER_URL, requireKeys: false, specification } as const

/** Replicas on one store, each with a clock of its own beside the true one. */
async function startReplicas(count: number) {
  const storage: MemoryRingStorage = {}
  const keyStore = createMemoryKeyStore(storage)
  const registry = createMemoryRegistryIdentity(createMemoryRegistryStorage())
  const truth = createFixedClock(START)
  const start = async () => {
    let ahead = 0
    const clock = () => addSeconds(truth.now(), seconds(ahead))
    const opened = await openKeyRing({ keyStore, registry, clock }, request)
    const keyRing = createFollowedKeyRing({ keyStore, clock, ...policy }, opened)
    let watch: ClockWatch | undefined
    const holds = () => {
      const reading: ClockReading = { wall: clock(), monotonic: seconds(truth.now() - START) }
      watch = watchClock(watch, keyRing.ring(), reading)
      return clockHolds(watch, keyRing.ring(), policy, reading)
    }
    holds()
    const dependencies = { keyRing, clock, policy, specification, holds } as const
    return {
      keyRing,
      rotate: createRotateKeys(dependencies),
      byHand: createRotateByHand(dependencies),
      remove: createRemoveKey(dependencies),
      setAhead: (by: number) => void (ahead = by),
    }
  }
  const replicas = await Promise.all(Array.from({ length: count }, start))
  return { truth, replicas, stored: () => decodeKeyRing(storage.ring?.document ?? '') }
}

const replica = fc.nat(2)
const event = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('wait' as const), duration: fc.nat(299) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('wait' as const),
      duration: fc.integer({ min: 300, max: 9000 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('due' as const) }) },
  // Put right again, or ahead by a minute to five hours.
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('leap' as const),
      ahead: fc.oneof(fc.constant(0), fc.integer({ min: 61, max: 18_000 })),
    }),
  },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('look' as const), replica }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('by-hand' as const), replica }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), replica }) },
)

describe('createRotateKeys, createRotateByHand and createRemoveKey of replicas of which one has a clock that leaps', () => {
  it('let no live token lose its key, and no key sign before all could fetch it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 50 }), async (events) => {
        const { truth, replicas, stored } = await startReplicas(3)
        let tokens: { readonly kid: string; readonly end: number }[] = []
        const publications = new Map<string, number>()
        const settle = () => {
          const [ring, now] = [stored(), truth.now()]
          for (const { kid } of ring.keys) if (!publications.has(kid)) publications.set(kid, now)
          tokens = tokens.filter(({ end }) => now < end)
          const published = new Set(publishedKeys(ring, now).map(({ kid }) => kid))
          expect(tokens.filter(({ kid }) => !published.has(kid))).toEqual([])
        }
        settle()
        const first = activeKey(stored()).kid
        for (const given of events) {
          switch (given.type) {
            case 'wait':
              truth.advance(given.duration)
              break
            case 'due':
              truth.advance(
                Math.max(0, planRotation(stored(), policy, truth.now(), specification).at - truth.now()),
              )
              break
            case 'leap':
              replicas[0]!.setAhead(given.ahead)
              break
            case 'look':
              await replicas[given.replica]!.rotate()
              break
            case 'by-hand':
              await replicas[given.replica]!.byHand()
              break
            case 'remove': {
              const retired = stored().keys.find(({ state }) => state === 'retired')
              if (retired === undefined) break
              await replicas[given.replica]!.remove({ kid: retired.kid }).catch((error: unknown) => {
                if (!isIssuerError(error, 'ERR_KEY_IN_USE')) throw error
              })
            }
          }
          settle()
          const { kid } = activeKey(stored())
          if (kid !== first) {
            expect(truth.now() - publications.get(kid)!).toBeGreaterThanOrEqual(policy.publishAhead)
          }
          for (const { keyRing } of replicas) {
            // Issuers read the store every few seconds.
            await keyRing.refresh()
            tokens.push({ kid: activeKey(keyRing.signingRing()).kid, end: truth.now() + MAX_TTL })
          }
        }
      }),
      { numRuns: 150, seed: 20_260_101 },
    )
  }, 60_000)
})
