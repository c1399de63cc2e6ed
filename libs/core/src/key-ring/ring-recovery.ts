import type { UnixSeconds } from '../time.ts'
import { activeKey, isTombstone, type KeyEntry, type KeyRing } from './key-ring.ts'
import { compareRings } from './merge.ts'

/**
 * What a running issuer does about the ring that it finds in its store: nothing (`keep`), use it from now on
 * (`take-over`), save its own again (`write-back`), save what both know (`merge`), or leave it alone (`foreign`).
 */
export type RingRecovery = 'keep' | 'take-over' | 'write-back' | 'merge' | 'foreign'

/**
 * Decides what to do when an issuer that runs with `current` finds `stored`. Pure. Nothing that either ring knows is
 * given up: a later ring is taken over only if it knows every key, tombstone and issuer URL of the current one; an earlier one
 * is overwritten only if the current one knows all of its, and its active key is not about to leave: an issuer that
 * started with the earlier ring may have signed with it just now.
 *
 * @param stored the ring in the store, decoded and proved; `undefined` when the store was emptied.
 */
export function decideRingRecovery(
  current: KeyRing,
  stored: KeyRing | undefined,
  now: UnixSeconds,
): RingRecovery {
  if (stored === undefined) return 'write-back'
  if (stored.cluster_id !== current.cluster_id) return 'foreign'
  const order = compareRings(stored, current)
  if (order === 0) return 'keep'
  if (order > 0) return knowsAllOf(stored, current, now) ? 'take-over' : 'merge'
  return knowsAllOf(current, stored, now) && !isLeaving(activeKey(stored).kid, current)
    ? 'write-back'
    : 'merge'
}

/** Whether nothing is lost when `other` is replaced by `ring`. */
function knowsAllOf(ring: KeyRing, other: KeyRing, now: UnixSeconds): boolean {
  const tombstones = new Set(ring.history.filter(isTombstone).map((entry) => entry.kid))
  const past = new Set(ring.history.map((entry) => entry.kid))
  const living = new Map(ring.keys.map((key) => [key.kid, key]))
  const urls = new Set(ring.issuers.map((issuer) => issuer.url))
  return (
    other.history.every((entry) =>
      isTombstone(entry) ? tombstones.has(entry.kid) : past.has(entry.kid) || living.has(entry.kid),
    ) &&
    other.keys.every((key) => {
      const copy = living.get(key.kid)
      // A key that is only in the history was removed by somebody who knew it: that is how keys are meant to go.
      return copy === undefined ? past.has(key.kid) : isPublishedAsLong(copy, key, now)
    }) &&
    other.issuers.every(({ url, until }) => urls.has(url) || (until !== undefined && until <= now))
  )
}

function isPublishedAsLong(copy: KeyEntry, key: KeyEntry, now: UnixSeconds): boolean {
  if (key.state !== 'retired' || copy.remove_at === undefined) return true
  return key.remove_at !== undefined && (key.remove_at <= copy.remove_at || key.remove_at <= now)
}

/** Whether a key is retired in a ring or was removed from it. A revoked one is gone for good and does not count. */
function isLeaving(kid: string, ring: KeyRing): boolean {
  const isStaying = ring.keys.some((key) => key.kid === kid && key.state !== 'retired')
  return !isStaying && !ring.history.some((entry) => entry.kid === kid && isTombstone(entry))
}
