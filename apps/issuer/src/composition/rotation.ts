import {
  createRemoveKey,
  createRevokeKey,
  createRotateByHand,
  createRotateKeys,
  type ActivationHold,
  type RotateKeysDependencies,
} from '@workload-identity/core'
import { fetchPublishedCopy } from '../fetch-published-copy.ts'
import { createKeySightings } from '../key-sightings.ts'
import { createLeapWatch } from '../leap-watch.ts'
import { createNoPublishedCopy, createPublishedCopy } from '../published-copy.ts'
import { createReplacedRings, mayHoldReplaced } from '../replaced-rings.ts'
import { createRotationLoop } from '../rotation-loop.ts'
import type { IssuerState } from './open-state.ts'
import type { Get, Provide } from './provide.ts'
import * as tokens from './tokens.ts'

/** Pauses of what belongs to the rotation of keys, in milliseconds. */
export interface RotationPauses {
  readonly rotateKeys: number
  readonly eraseReplaced: number
  readonly readPublishedCopy: number
  readonly lookAtSightings: number
}

/** What the keys wait for besides their dates. */
export function findHolds(get: Get): readonly ActivationHold[] {
  const sources = [tokens.PUBLISHED_COPY, tokens.KEY_SIGHTINGS, tokens.LEAP_WATCH] as const
  return sources.flatMap((source) => get<{ holds(): readonly ActivationHold[] }>(source).holds())
}

/** Provides everything that changes which keys there are: by the clock, by hand, and the end of what was replaced. */
export function provideRotation(
  provide: Provide,
  get: Get,
  { stores, opened, monotonic }: IssuerState,
  pauses: RotationPauses,
): void {
  const dependencies = (): RotateKeysDependencies => ({
    keyRing: get(tokens.KEY_RING),
    clock: get(tokens.CLOCK),
    policy: get(tokens.CONFIG).rotation,
    specification: get(tokens.CONFIG).signingAlgorithm,
    holds: () => findHolds(get),
    onRepaired: (repair) => get(tokens.METRICS).recordRingRepair(repair),
  })
  provide(tokens.LEAP_WATCH, () =>
    createLeapWatch({
      clock: get(tokens.CLOCK),
      monotonic,
      ring: () => get(tokens.KEY_RING).ring(),
      policy: get(tokens.CONFIG).rotation,
      logger: get(tokens.LOGGER),
    }),
  )
  provide(tokens.KEY_SIGHTINGS, () =>
    createKeySightings({
      waitFor: get(tokens.CONFIG).holdPromotionFor,
      ring: () => get(tokens.KEY_RING).ring(),
      policy: get(tokens.CONFIG).rotation,
      clock: get(tokens.CLOCK),
      logger: get(tokens.LOGGER),
      everyMs: pauses.lookAtSightings,
    }),
  )
  provide(tokens.PUBLISHED_COPY, () => {
    const { publishedAt: url, issuerUrl, rotation: policy } = get(tokens.CONFIG)
    if (url === undefined) return createNoPublishedCopy()
    return createPublishedCopy({
      ...{ url, issuerUrl, policy },
      read: () => fetchPublishedCopy(url),
      ring: () => get(tokens.KEY_RING).ring(),
      clock: get(tokens.CLOCK),
      logger: get(tokens.LOGGER),
      everyMs: pauses.readPublishedCopy,
    })
  })
  provide(tokens.ROTATION_LOOP, () => {
    // From the start on, not from the first step on.
    get(tokens.LEAP_WATCH)
    return createRotationLoop({
      ...dependencies(),
      rotateKeys: createRotateKeys(dependencies()),
      ring: () => get(tokens.KEY_RING).ring(),
      logger: get(tokens.LOGGER),
      onStep({ type, kid }) {
        get(tokens.METRICS).recordRotationStep(type)
        get(tokens.AUDIT_LOG).write({ event: 'key_rotated', step: type, kid })
      },
      onFailure: () => get(tokens.METRICS).recordRotationFailure(),
      everyMs: pauses.rotateKeys,
    })
  })
  provide(tokens.ROTATE_BY_HAND, () => createRotateByHand(dependencies()))
  provide(tokens.REVOKE_KEY, () => createRevokeKey(dependencies()))
  provide(tokens.REMOVE_KEY, () => createRemoveKey(dependencies()))
  provide(tokens.REPLACED_RINGS, () =>
    createReplacedRings({
      keyStore: stores.keyStore,
      logger: get(tokens.LOGGER),
      startsPending: mayHoldReplaced(opened.ring, get(tokens.CONFIG).rotation.keepRetired, opened.readAt),
      everyMs: pauses.eraseReplaced,
    }),
  )
}
