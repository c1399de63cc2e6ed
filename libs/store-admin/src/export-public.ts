import {
  publishedKeys,
  toPublicJwk,
  type Jwks,
  type KeyHistoryEntry,
  type KeyRing,
  type PublishedJwk,
  type UnixSeconds,
} from '@workload-identity/core'

/** A key that left the ring, without anything private. */
export interface ExportedHistoryEntry extends Omit<KeyHistoryEntry, 'public'> {
  /** Absent when its algorithm was not noted. */
  readonly jwk?: PublishedJwk
}

/** What is public of a store. */
export interface PublicExport {
  /** The keys that are published at the given moment, as the issuer serves them. */
  readonly jwks: Jwks
  /** The keys that were: to verify old tokens, or to show that a key was revoked. */
  readonly history: readonly ExportedHistoryEntry[]
}

/** What is public of a ring. Pure; every member is copied from an allow-list. */
export function buildPublicExport(ring: KeyRing, now: UnixSeconds): PublicExport {
  return {
    jwks: { keys: publishedKeys(ring, now).map(toPublicJwk) },
    history: ring.history.map(({ kid, alg, public: half, ...entry }) => ({
      kid,
      ...(alg !== undefined && { alg, jwk: toPublicJwk({ kid, alg, public: half }) }),
      ...(entry.signed_from !== undefined && { signed_from: entry.signed_from }),
      ...(entry.signed_until !== undefined && { signed_until: entry.signed_until }),
      ended_at: entry.ended_at,
      reason: entry.reason,
    })),
  }
}
