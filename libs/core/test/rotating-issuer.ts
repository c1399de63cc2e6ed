import { decodeKeyRing, encodeKeyRing } from '../src/key-ring/codec.ts'
import type { KeyRing } from '../src/key-ring/key-ring.ts'
import type { RotationPolicy } from '../src/key-ring/rotation-policy.ts'
import type { KeyStore } from '../src/ports/key-store.ts'
import { createFixedClock } from '../src/testing/fixed-clock.ts'
import { createMemoryKeyStore, type MemoryRingStorage } from '../src/testing/memory-key-store.ts'
import { seconds } from '../src/time.ts'
import { createFollowedKeyRing } from '../src/use-cases/follow-key-ring.ts'
import { keys, ringOf, START } from './fixtures.ts'

/** A policy with round numbers: sets of before a change are gone after 2 × 1000 + 500 + 120 + 300 = 2920 s. */
export const roundPolicy: RotationPolicy = {
  activeFor: seconds(10_000),
  publishAhead: seconds(3000),
  keepRetired: seconds(5000),
  jwksMaxAge: seconds(1000),
  staleIfError: seconds(500),
  storeLag: seconds(300),
}

/**
 * What the use cases that change a ring need, around a ring in a memory store, at START. New keys are Ed25519 ones,
 * which are quick to make.
 *
 * @param decorate puts something between the issuer and its store.
 */
export function startRotatingIssuer(
  ring: KeyRing = ringOf(keys.eddsa),
  decorate: (keyStore: KeyStore) => KeyStore = (keyStore) => keyStore,
) {
  const { generation, write_id } = ring
  const storage: MemoryRingStorage = { ring: { generation, write_id, document: encodeKeyRing(ring) } }
  const clock = createFixedClock(START)
  const follow = (keyStore: KeyStore) => {
    const following = { keyStore, clock: clock.now, ...roundPolicy }
    const keyRing = createFollowedKeyRing(following, { ring, readAt: START })
    return { keyRing, clock: clock.now, policy: roundPolicy, specification: 'EdDSA' } as const
  }
  return {
    storage,
    clock,
    dependencies: follow(decorate(createMemoryKeyStore(storage))),
    /** The same for another replica on the same store. */
    another: () => follow(createMemoryKeyStore(storage)),
    stored: () => decodeKeyRing(storage.ring?.document ?? ''),
    /** What the store holds, as it would stand on a disk. */
    bytes: () => storage.ring?.document ?? '',
  }
}
