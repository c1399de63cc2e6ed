import { isIssuerError } from '../errors.ts'
import { generateKeyMaterial } from '../key-ring/key-material.ts'
import { nextKey, type KeyRing } from '../key-ring/key-ring.ts'
import { compareRings, mergeRings, type MergeOptions } from '../key-ring/merge.ts'
import { nextGeneration } from '../key-ring/transitions.ts'
import type { RingVersion } from '../ports/key-store.ts'
import { unixSeconds, type UnixSeconds } from '../time.ts'

/** What a running issuer saved because its store had lost something, and what it had found there. */
export interface RingRepair extends RingVersion {
  /** Whether the store got the ring in use as it was, or that ring and the stored one merged. */
  readonly outcome: 'wrote-back' | 'merged'
  /**
   * `emptied`: no ring; `older`: an earlier ring of the same lineage; `diverged`: a later one that does not know all that
   * was known; `other-lineage`: a ring of the same cluster that began from an empty store.
   */
  readonly found: 'emptied' | 'older' | 'diverged' | 'other-lineage'
}

/**
 * The ring to save over the stored one, of a later version than both. A key is generated only when each of the two rings
 * has revoked all that the other could sign with. A next key that one of the two lacks counts as published now: verifiers
 * were given key sets without it until now.
 */
export async function buildRepairedRing(
  current: KeyRing,
  stored: KeyRing | undefined,
  { action, keepRetired }: { readonly action: 'write-back' | 'merge' } & Pick<MergeOptions, 'keepRetired'>,
  now: UnixSeconds,
): Promise<KeyRing> {
  const writeId = crypto.randomUUID()
  if (stored === undefined) return nextGeneration(current, writeId)
  const renew = (ring: KeyRing) => nextGeneration(dateNextKey(ring, [current, stored], now), writeId)
  if (action === 'write-back') return renew(current)
  try {
    return renew(mergeRings(current, stored, { keepRetired }, now))
  } catch (error) {
    if (!isIssuerError(error, 'ERR_KEY_TRANSITION')) throw error
    const successor = await generateKeyMaterial()
    return renew(mergeRings(current, stored, { keepRetired, successor }, now))
  }
}

function dateNextKey(ring: KeyRing, sources: readonly KeyRing[], now: UnixSeconds): KeyRing {
  const kid = nextKey(ring)?.kid
  if (kid === undefined || sources.every((source) => source.keys.some((key) => key.kid === kid))) return ring
  const keys = ring.keys.map((key) =>
    key.kid === kid ? { ...key, published_at: unixSeconds(Math.max(key.published_at, now)) } : key,
  )
  return { ...ring, keys }
}

/** Tells a repair that saved `saved`. */
export function describeRepair(
  current: KeyRing,
  stored: KeyRing | undefined,
  action: 'write-back' | 'merge',
  { generation, write_id }: RingVersion,
): RingRepair {
  const outcome = action === 'merge' ? 'merged' : 'wrote-back'
  return { outcome, found: describeFound(current, stored), generation, write_id }
}

function describeFound(current: KeyRing, stored: KeyRing | undefined): RingRepair['found'] {
  if (stored === undefined) return 'emptied'
  if (stored.ring_id !== current.ring_id) return 'other-lineage'
  return compareRings(stored, current) < 0 ? 'older' : 'diverged'
}
