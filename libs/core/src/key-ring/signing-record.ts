import type { UnixSeconds } from '../time.ts'
import type { SigningAlgorithm } from './algorithms.ts'
import type { KeyMembers } from './key-material.ts'
import { isTombstone, type KeyEntry, type KeyHistoryEntry, type KeyRing, type KeyState } from './key-ring.ts'

/** What a ring knows of one key and of when it signed. */
export interface SigningRecord {
  readonly kid: string
  /** Absent for keys that were gone before it was noted. */
  readonly alg?: SigningAlgorithm
  /** The state in the ring, or how the key left it. */
  readonly state: KeyState | 'removed' | 'revoked'
  readonly public: KeyMembers
  /** When it signed by the ring's dates; absent when it never did. */
  readonly signed?: SigningInterval
  /** The first moment at which it will no longer be published, of a retired key that has a date for that. */
  readonly remove_at?: UnixSeconds
  /** When it left the ring; absent for living keys. */
  readonly ended_at?: UnixSeconds
  readonly reason?: string
}

/** From when until when a key signed; both moments belong to it. */
export interface SigningInterval {
  /** Absent for a key that signed before the ring knew it: one of an adopted cluster. */
  readonly from?: UnixSeconds
  /** Absent while it signs. */
  readonly until?: UnixSeconds
}

/**
 * Every key that a ring knows, living ones first, then those that are gone, in the order of the ring. A key is there
 * twice when it was removed and came back by a merge. Pure.
 */
export function signingRecords(ring: KeyRing): readonly SigningRecord[] {
  return [...ring.keys.map(ofLivingKey), ...ring.history.map(ofGoneKey)]
}

/** The keys of a ring that sign no more, the last one to cease first. Pure. */
export function formerKeys(ring: KeyRing): readonly SigningRecord[] {
  const ceasedAt = ({ signed, ended_at }: SigningRecord) => signed?.until ?? ended_at ?? 0
  return signingRecords(ring)
    .filter(({ state }) => state !== 'active' && state !== 'next')
    .toReversed()
    .sort((left, right) => ceasedAt(right) - ceasedAt(left))
}

function ofLivingKey(key: KeyEntry): SigningRecord {
  const { kid, alg, state, origin, public: half, remove_at, reason } = key
  const { activated_at: from, retired_at: until } = key
  // An adopted key signed elsewhere before it came, and its first date here is that of its coming.
  const isAdopted = origin === 'adopted'
  const hasSigned = isAdopted || from !== undefined
  return {
    ...{ kid, alg, state, public: half },
    ...(hasSigned && { signed: toInterval(isAdopted ? undefined : from, until) }),
    ...(remove_at !== undefined && { remove_at }),
    ...(reason !== undefined && { reason }),
  }
}

function ofGoneKey(entry: KeyHistoryEntry): SigningRecord {
  const { kid, alg, public: half, signed_from: from, signed_until: until, ended_at, reason } = entry
  return {
    kid,
    ...(alg !== undefined && { alg }),
    state: isTombstone(entry) ? 'revoked' : 'removed',
    public: half,
    ...((from ?? until) !== undefined && { signed: toInterval(from, until) }),
    ended_at,
    reason,
  }
}

function toInterval(from: UnixSeconds | undefined, until: UnixSeconds | undefined): SigningInterval {
  return { ...(from !== undefined && { from }), ...(until !== undefined && { until }) }
}
