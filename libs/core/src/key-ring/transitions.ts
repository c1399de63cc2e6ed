import { IssuerError } from '../errors.ts'
import { addSeconds, unixSeconds, type Seconds, type UnixSeconds } from '../time.ts'
import type { KeyMaterial, SigningKeyMaterial } from './key-material.ts'
import {
  activeKey,
  assertKeyRing,
  isTombstone,
  KEY_RING_SCHEMA,
  nextKey,
  type KeyEntry,
  type KeyHistoryEntry,
  type KeyRing,
} from './key-ring.ts'

/** What a new ring starts with. */
export interface NewRing {
  readonly ringId: string
  readonly writeId: string
  readonly clusterId: string
  readonly registryId: string
  readonly issuerUrl: string
  readonly key: SigningKeyMaterial
  readonly origin?: KeyEntry['origin']
}

/** One move of a ring. Planning decides which; {@link applyStep} makes it. */
export type RingStep =
  /** Publishes a key that does not sign yet. */
  | { readonly type: 'publish-next'; readonly key: SigningKeyMaterial }
  /** Lets the published next key sign; the active one retires for `keepRetired`. */
  | { readonly type: 'activate'; readonly kid: string; readonly keepRetired: Seconds }
  /** Lets a key sign that nobody has seen yet; the active one retires, for ever when `keepRetired` is left out. */
  | { readonly type: 'take-over'; readonly key: SigningKeyMaterial; readonly keepRetired?: Seconds }
  /** Publishes a key for verification only, until it is removed by hand. */
  | { readonly type: 'add-legacy'; readonly key: KeyMaterial }
  /** Takes a retired key out; it goes into the history. */
  | { readonly type: 'remove'; readonly kid: string }
  /** Takes a key out at once and leaves a tombstone. The active one needs a successor unless a next key waits. */
  | {
      readonly type: 'revoke'
      readonly kid: string
      readonly reason?: string
      readonly successor?: SigningKeyMaterial
    }

/** A ring with one key, which signs at once: nobody can hold an older JWKS. Generation 1. */
export function createKeyRing(start: NewRing, now: UnixSeconds): KeyRing {
  return {
    schema: KEY_RING_SCHEMA,
    ring_id: start.ringId,
    cluster_id: start.clusterId,
    generation: 1,
    write_id: start.writeId,
    registry_id: start.registryId,
    issuers: [{ url: start.issuerUrl }],
    keys: [toActive(start.key, start.origin ?? 'generated', now)],
    history: [],
  }
}

/** The ring under the version of its next save. */
export function nextGeneration(ring: KeyRing, writeId: string): KeyRing {
  return { ...ring, generation: ring.generation + 1, write_id: writeId }
}

/**
 * The ring after one step at `now`. Pure; the version is not changed. The result is a valid ring.
 *
 * @throws {IssuerError} `ERR_KEY_TRANSITION` when the step is not possible in this ring; `ERR_KEY_NOT_FOUND` when it
 * names a key that is not there; `ERR_KEY_REVOKED` when it would bring back a revoked key.
 */
export function applyStep(ring: KeyRing, step: RingStep, now: UnixSeconds): KeyRing {
  const changed = changeRing(ring, step, now)
  assertKeyRing(changed)
  return changed
}

function changeRing(ring: KeyRing, step: RingStep, now: UnixSeconds): KeyRing {
  switch (step.type) {
    case 'publish-next': {
      if (nextKey(ring) !== undefined) throw impossible('a next key is already published')
      return addKey(ring, {
        ...bare(step.key),
        state: 'next',
        origin: 'generated',
        created_at: now,
        published_at: signedUntil(activeKey(ring), now),
      })
    }
    case 'activate': {
      const key = findKey(ring, step.kid)
      if (key.state !== 'next') throw impossible(`key ${key.kid} is ${key.state}, not next`)
      const retired = retireActive(ring, now, step.keepRetired)
      return mapKeys(retired, (entry) =>
        entry.kid === key.kid ? { ...entry, state: 'active', activated_at: now } : entry,
      )
    }
    case 'take-over': {
      return addKey(retireActive(ring, now, step.keepRetired), toActive(step.key, 'generated', now))
    }
    case 'add-legacy': {
      const { kid, alg, public: publicHalf } = step.key
      return addKey(ring, {
        ...{ kid, alg, public: publicHalf },
        ...{ state: 'retired', origin: 'adopted', created_at: now, published_at: now, retired_at: now },
      })
    }
    case 'remove': {
      const key = findKey(ring, step.kid)
      if (key.state === 'active') {
        throw impossible(
          `key ${key.kid} signs, and only retired keys are removed; rotate first, or revoke it if it leaked`,
        )
      }
      if (key.state === 'next') {
        throw impossible(
          `key ${key.kid} is the next one, and only retired keys are removed; revoke it if it leaked`,
        )
      }
      return dropKey(ring, key, now, 'removed')
    }
    case 'revoke':
      return revokeKey(ring, step, now)
  }
}

function revokeKey(ring: KeyRing, step: RingStep & { readonly type: 'revoke' }, now: UnixSeconds): KeyRing {
  const key = findKey(ring, step.kid)
  const reason = step.reason === undefined ? 'revoked' : `revoked: ${step.reason}`
  const rest = dropKey(ring, key, now, reason)
  if (key.state !== 'active') return rest
  const waiting = nextKey(ring)
  if (waiting !== undefined) {
    return mapKeys(rest, (entry) =>
      entry.kid === waiting.kid ? { ...entry, state: 'active', activated_at: now } : entry,
    )
  }
  if (step.successor === undefined) throw impossible('the active key cannot be revoked without a successor')
  return addKey(rest, toActive(step.successor, 'generated', now))
}

/** Key material as an entry that signs from now on. */
export function toActive(key: SigningKeyMaterial, origin: KeyEntry['origin'], now: UnixSeconds): KeyEntry {
  return { ...bare(key), state: 'active', origin, created_at: now, published_at: now, activated_at: now }
}

/**
 * The entry without its private half, published until `removeAt`; until it is removed by hand without. The latter also
 * when it is an Ed25519 key of an adopted cluster: such clusters promise to publish it for good.
 */
export function toRetired(key: KeyEntry, now: UnixSeconds, removeAt: UnixSeconds | undefined): KeyEntry {
  const { private: _erased, ...kept } = key
  const isLegacy = key.origin === 'adopted' && key.alg === 'EdDSA'
  return {
    ...kept,
    state: 'retired',
    retired_at: now,
    ...(removeAt !== undefined && !isLegacy && { remove_at: removeAt }),
  }
}

function retireActive(ring: KeyRing, now: UnixSeconds, keepRetired: Seconds | undefined): KeyRing {
  return mapKeys(ring, (entry) => {
    if (entry.state !== 'active') return entry
    const retiredAt = signedUntil(entry, now)
    return toRetired(
      entry,
      retiredAt,
      keepRetired === undefined ? undefined : addSeconds(retiredAt, keepRetired),
    )
  })
}

/**
 * The moment until which a key that stops signing now has signed. A key that began in the future was used by a clock
 * that is, or was, ahead; its tokens are dated by that clock.
 */
function signedUntil(key: KeyEntry, now: UnixSeconds): UnixSeconds {
  return unixSeconds(Math.max(key.activated_at ?? now, now))
}

function bare({ kid, alg, public: publicHalf, private: privateHalf }: SigningKeyMaterial) {
  return { kid, alg, public: publicHalf, private: privateHalf }
}

function addKey(ring: KeyRing, key: KeyEntry): KeyRing {
  if (ring.history.some((entry) => entry.kid === key.kid && isTombstone(entry))) {
    throw new IssuerError('ERR_KEY_REVOKED', `key ${key.kid} was revoked and cannot come back`, {
      details: { kid: key.kid },
    })
  }
  if (ring.keys.some((entry) => entry.kid === key.kid))
    throw impossible(`key ${key.kid} is already in the ring`)
  return { ...ring, keys: [...ring.keys, key] }
}

function dropKey(ring: KeyRing, key: KeyEntry, now: UnixSeconds, reason: string): KeyRing {
  const { kid, alg, activated_at: from } = key
  const until = key.retired_at ?? signedUntil(key, now)
  // When an adopted key began is not known: it signed before it came.
  const isAdopted = key.origin === 'adopted'
  const entry: KeyHistoryEntry = {
    ...{ kid, alg, public: key.public },
    ...(from !== undefined && !isAdopted && { signed_from: from }),
    ...((from !== undefined || isAdopted) && { signed_until: until }),
    ended_at: now,
    reason,
  }
  return {
    ...ring,
    keys: ring.keys.filter((other) => other.kid !== key.kid),
    history: [...ring.history, entry],
  }
}

function mapKeys(ring: KeyRing, change: (key: KeyEntry) => KeyEntry): KeyRing {
  return { ...ring, keys: ring.keys.map(change) }
}

function findKey(ring: KeyRing, kid: string): KeyEntry {
  const key = ring.keys.find((entry) => entry.kid === kid)
  if (key === undefined) {
    throw new IssuerError('ERR_KEY_NOT_FOUND', `there is no key ${kid} in the ring`, { details: { kid } })
  }
  return key
}

function impossible(reason: string): IssuerError {
  return new IssuerError('ERR_KEY_TRANSITION', `the key ring cannot do that: ${reason}`)
}
