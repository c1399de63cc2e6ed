import type { UnixSeconds } from '../time.ts'
import type { SigningAlgorithm } from './algorithms.ts'
import type { KeyMaterial, SigningKeyMaterial } from './key-material.ts'
import type { KeyRing } from './key-ring.ts'
import { applyStep, createKeyRing, type NewRing } from './transitions.ts'

/** The keys of a cluster that is to move here, in the roles they have there. */
export interface AdoptableKeys {
  /** The key it signs with. */
  readonly primary: SigningKeyMaterial
  /** The keys it publishes besides. They verify only from now on: of private halves nothing is kept. */
  readonly verifyOnly: readonly KeyMaterial[]
}

/**
 * When a primary key that new tokens cannot go on with stops signing: `default` at once, as such clusters know it;
 * `graceful` when its successor has been published for `publishAhead`.
 */
export type AdoptMode = 'default' | 'graceful'

/** What is adopted, and how. */
export interface Adoption {
  readonly keys: AdoptableKeys
  readonly mode: AdoptMode
}

/**
 * Whether a primary key needs a successor: an RSA key goes on signing, an Ed25519 key does only where new keys are
 * of that kind, too, as many verifiers do not accept it.
 */
export function needsSuccessor(primary: KeyMaterial, newKeys: SigningAlgorithm): boolean {
  return primary.alg === 'EdDSA' && newKeys !== 'EdDSA'
}

/**
 * The first ring of a cluster that moves here, generation 1. Its keys keep their IDs; all but the one that signs stay
 * published until they are removed by hand. With a `successor` the primary key retires at once, or, `graceful`, the
 * successor waits to be activated. Pure.
 *
 * @param start everything a new ring starts with besides its key.
 * @param successor a fresh key, given when {@link needsSuccessor}.
 */
export function buildAdoptedRing(
  start: Omit<NewRing, 'key' | 'origin'>,
  { keys, mode, successor }: Adoption & { readonly successor?: SigningKeyMaterial },
  now: UnixSeconds,
): KeyRing {
  const { primary, verifyOnly } = keys
  const signsOn = successor === undefined || mode === 'graceful'
  const first = createKeyRing(
    signsOn ? { ...start, key: primary, origin: 'adopted' } : { ...start, key: successor },
    now,
  )
  const waiting =
    signsOn && successor !== undefined
      ? applyStep(first, { type: 'publish-next', key: successor }, now)
      : first
  return [primary, ...verifyOnly].reduce(
    (ring, key) =>
      // A cluster may have the same key in several places; the first one says what it is for.
      ring.keys.some(({ kid }) => kid === key.kid) ? ring : applyStep(ring, { type: 'add-legacy', key }, now),
    waiting,
  )
}

/**
 * Those of the keys that a ring has never heard of. Keys that it once had count as known, however they ended: what was
 * removed or revoked does not come back, and does not stand in the way of a start.
 */
export function findUnknownKeys<T extends Pick<KeyMaterial, 'kid'>>(
  ring: KeyRing,
  keys: readonly T[],
): readonly T[] {
  const known = new Set([...ring.keys, ...ring.history].map(({ kid }) => kid))
  return keys.filter(({ kid }) => !known.has(kid))
}
