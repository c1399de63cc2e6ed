import type { UnixSeconds } from '../time.ts'

/** The SHA-256 of a secret, which is all a registry knows of it, as 64 lower-case hexadecimal digits. */
export interface SecretHash {
  readonly sha256: string
  /** The first moment at which the secret no longer counts; absent = as long as its owner lives. */
  readonly valid_until?: UnixSeconds
}

/** A part of a list, ordered by ID as ASCII text. */
export interface RegistryPage<T> {
  readonly items: readonly T[]
  /** The `after` of the following page; `null` when this one is the last. */
  readonly next: string | null
}

/** Which part of a list is wanted. */
export interface PageQuery {
  /** At most this many items, 1–1000. */
  readonly limit: number
  /** Only items whose ID sorts after this one. */
  readonly after?: string
}

/**
 * The identity of a registry: a random `registry_id` written when the registry is made and recorded in the key ring. A
 * registry whose ID is missing or another is a lost one, not an empty one.
 */
export interface RegistryIdentity {
  /**
   * The registry's ID, or `undefined` when it never had one.
   *
   * @throws {IssuerError} `ERR_STORE_UNAVAILABLE` or `ERR_STORE_CORRUPT` when that cannot be told.
   */
  read(): Promise<string | undefined>

  /**
   * Gives the registry `candidate` as its ID unless it has one, and answers the ID in force. Of several callers at
   * once, all get the same answer. Durable when it resolves.
   */
  claim(candidate: string): Promise<string>

  /**
   * Whether the store holds no record at all, neither of a sandbox (expired ones count) nor of a runner, whatever its
   * ID.
   *
   * @throws {IssuerError} as `read`.
   */
  isEmpty(): Promise<boolean>
}
