import { IssuerError } from '../errors.ts'
import { addSeconds, type Seconds, type UnixSeconds } from '../time.ts'
import type { SigningKeyMaterial } from './key-material.ts'
import { activeKey, assertKeyRing, isTombstone, nextKey, type KeyEntry, type KeyRing } from './key-ring.ts'
import {
  canonicalText,
  uniteHistories,
  uniteIssuers,
  uniteMembers,
  uniteRetired,
  uniteSchemas,
} from './merge-parts.ts'
import { toActive, toRetired } from './transitions.ts'

/** What merging two rings needs besides the rings. */
export interface MergeOptions {
  /** How long a key that signed or waited in one ring, and does not in the merged one, stays published from now on. */
  readonly keepRetired: Seconds
  /** Signs when each ring has revoked every key that the other could sign with. */
  readonly successor?: SigningKeyMaterial
}

/**
 * Which of two rings of a cluster counts as the later one: negative when `left` is the earlier, positive when it is the
 * later. The generation decides, then `write_id`, so that everybody who compares the same two agrees.
 */
export function compareRings(left: KeyRing, right: KeyRing): number {
  if (left.generation !== right.generation) return left.generation - right.generation
  if (left.write_id !== right.write_id) return left.write_id < right.write_id ? -1 : 1
  const [leftText, rightText] = [canonicalText(left), canonicalText(right)]
  return leftText < rightText ? -1 : leftText > rightText ? 1 : 0
}

/**
 * One ring that knows what two rings of a cluster know, of the same lineage or not. Pure; of the version of the later
 * one: it goes through `nextGeneration` before it is saved.
 *
 * - A key that either ring has revoked is revoked; all history is kept.
 * - Every other key that either ring publishes stays published; also one that the other ring has removed, because
 *   somebody may have signed with the living copy.
 * - The active key of the later ring (see {@link compareRings}) signs. If that one is revoked, the first of these that
 *   is not: the active key of the earlier ring, the next key of the later, the next key of the earlier, `successor`.
 * - The next key of the later ring stays next, unless it has signed as far as the earlier one knows.
 * - All other keys are retired, without their private halves. Those that were active or next get a full `keepRetired`
 *   from `now`; of two dates of removal the later one holds.
 * - Lineage, registry and current issuer URL are those of the later ring. Members that this release does not know are
 *   kept; where both rings have different ones, the greater JSON text, so that order does not matter.
 *
 * Commutative, and idempotent but for the order of keys and history. Associative at the same `now`, later than all dates in the rings: in
 * tombstones, history, issuer URLs and the set of published keys always; in which key signs and in every other fact, when
 * no ring has revoked the active key of another (the private half of the best substitute may be gone already, so that
 * another key signs), but for ends that are a full `keepRetired` away or more.
 *
 * @throws {IssuerError} `ERR_STORE_FOREIGN` for rings of two clusters; `ERR_KEY_TRANSITION` when a `successor` is needed
 * and not given.
 */
export function mergeRings(
  left: KeyRing,
  right: KeyRing,
  { keepRetired, successor }: MergeOptions,
  now: UnixSeconds,
): KeyRing {
  if (left.cluster_id !== right.cluster_id) {
    throw new IssuerError('ERR_STORE_FOREIGN', 'key rings of different clusters are never merged', {
      details: { cluster_id: left.cluster_id, other_cluster_id: right.cluster_id },
    })
  }
  const [earlier, later] = compareRings(left, right) <= 0 ? [left, right] : [right, left]
  const removeAt = addSeconds(now, keepRetired)
  const history = uniteHistories(earlier.history, later.history)
  const revoked = new Set(history.filter(isTombstone).map((entry) => entry.kid))
  const signer = chooseSigner(earlier, later, revoked)
  const waiting = stillWaiting(earlier, later)

  const toMerged = (kid: string): KeyEntry => {
    const copies = [earlier, later].flatMap((ring) => ring.keys.filter((key) => key.kid === kid))
    const retired = copies
      .map((key) => (key.state === 'retired' ? key : toRetired(key, now, removeAt)))
      .reduce(uniteRetired)
    if (kid === signer?.kid) {
      return { ...revive(retired, signer), state: 'active', activated_at: retired.activated_at ?? now }
    }
    return kid === waiting?.kid ? { ...revive(retired, waiting), state: 'next' } : retired
  }
  const kids = new Set(
    [...earlier.keys, ...later.keys].map((key) => key.kid).filter((kid) => !revoked.has(kid)),
  )
  const merged = [...kids].map(toMerged)
  if (signer === undefined) merged.push(toSuccessor(successor, now))

  const ring: KeyRing = {
    ...uniteMembers(earlier, later),
    schema: uniteSchemas(earlier.schema, later.schema),
    ring_id: later.ring_id,
    generation: later.generation,
    write_id: later.write_id,
    registry_id: later.registry_id,
    issuers: uniteIssuers(earlier.issuers, later.issuers, removeAt),
    keys: merged.sort(byPublication),
    history,
  }
  assertKeyRing(ring)
  return ring
}

/** The key that signs in the merged ring, as the ring has it that holds its private half. */
function chooseSigner(earlier: KeyRing, later: KeyRing, revoked: ReadonlySet<string>): KeyEntry | undefined {
  const candidates = [activeKey(later), activeKey(earlier), nextKey(later), nextKey(earlier)]
  return candidates.find((key) => key !== undefined && !revoked.has(key.kid))
}

/** The next key of the later ring, unless it has signed elsewhere: such a key does not wait again. */
function stillWaiting(earlier: KeyRing, later: KeyRing): KeyEntry | undefined {
  const waiting = nextKey(later)
  const copy = earlier.keys.find((key) => key.kid === waiting?.kid)
  return copy?.activated_at === undefined ? waiting : undefined
}

/** A key that goes on signing or waiting: the facts of all copies, the halves of the one that has both. */
function revive(retired: KeyEntry, source: KeyEntry): KeyEntry {
  const { retired_at: _retiredAt, remove_at: _removeAt, ...facts } = retired
  const { alg, private: privateHalf } = source
  return { ...facts, alg, public: source.public, ...(privateHalf !== undefined && { private: privateHalf }) }
}

function toSuccessor(successor: SigningKeyMaterial | undefined, now: UnixSeconds): KeyEntry {
  if (successor === undefined) {
    throw new IssuerError(
      'ERR_KEY_TRANSITION',
      'the key rings cannot be merged without a new key: each has revoked what the other signs with',
    )
  }
  return toActive(successor, 'generated', now)
}

function byPublication(left: KeyEntry, right: KeyEntry): number {
  return left.published_at - right.published_at || (left.kid < right.kid ? -1 : 1)
}
