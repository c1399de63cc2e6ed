/**
 * Which of the successive documents of a ring one is. `generation` counts saves; `write_id` is random per save, so that
 * two writers who both made generation 8 are told apart.
 */
export interface RingVersion {
  readonly generation: number
  readonly write_id: string
}

/** A key ring as a store keeps it: its version and the document as text, plain or sealed. */
export interface StoredKeyRing extends RingVersion {
  readonly document: string
}

/**
 * Where an issuer keeps its key ring: one versioned document, replaced as a whole by compare-and-swap. A store does not
 * look into the document; what it means is the business of the codec.
 */
export interface KeyStore {
  /**
   * The ring as last saved, or `undefined` when none was ever saved here.
   *
   * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when that cannot be told just now.
   * @throws {IssuerError} `ERR_STORE_CORRUPT` when something is there that cannot be read. Never `undefined` for either.
   */
  load(): Promise<StoredKeyRing | undefined>

  /**
   * Replaces the ring, if the stored one still is of version `expected` (`undefined`: if none is stored). When this
   * resolves, a crash or power failure no longer loses it. Of several savers with the same `expected`, one succeeds.
   *
   * @param ring its `generation` is greater than that of `expected`, 1 or more without one.
   * @throws {IssuerError} `ERR_STORE_CONFLICT` when someone else was first; nothing was changed.
   * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it is not known whether it was saved: load before acting.
   */
  save(ring: StoredKeyRing, expected: RingVersion | undefined): Promise<void>

  /**
   * Erases what earlier saves replaced, and with it the private halves of keys that are in the ring no more, from every
   * place where the store keeps the ring: called after a save that dropped one. Gives where some of it is left all the
   * same, a sentence each that says what to do; empty when nothing is. May be called again, which does no harm. A store
   * without it leaves nothing behind when `save` resolves. Copies that others made, backups above all, are not its business.
   *
   * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` when it cannot be told what is left.
   */
  eraseReplaced?(): Promise<readonly string[]>

  /**
   * Calls `onChange` soon after somebody saved. A hint, not a promise: a reader polls as well. Stores that cannot
   * notify do not have it. The function it gives ends the watch.
   */
  watch?(onChange: () => void): () => void
}
