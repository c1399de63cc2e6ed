import type { IssuerError } from '../errors.ts'
import type { UnixSeconds } from '../time.ts'
import type { PageQuery, RegistryPage, SecretHash } from './registry.ts'

/** What a sandbox may ask for, narrower than what its cluster allows. */
export interface SandboxPolicy {
  /** The only audiences it may ask for, 1–100; absent = whatever the cluster allows. Never empty. */
  readonly allowed_audiences?: readonly string[]
  /** The longest life of its tokens in seconds, 60–86400; absent = the cluster's. */
  readonly max_ttl?: number
  /** The form of its subject: its own (`sandbox`, also when absent) or that of its application (`app`). */
  readonly subject?: 'sandbox' | 'app'
}

/** A file that a runner keeps filled with a token for a sandbox. */
export interface TokenFile {
  /** `[A-Za-z0-9][A-Za-z0-9._-]{0,63}` */
  readonly name: string
  /** The audience or audiences of its tokens; absent = the default audience. */
  readonly audience?: string | readonly string[]
  /** The life of its tokens in seconds; absent = the default. */
  readonly ttl?: number
}

/** What the issuer knows of a sandbox; stored as it stands. */
export interface SandboxRecord extends SandboxPolicy {
  readonly sandbox_id: string
  readonly app: string
  /** The runner that hosts it; absent = it asks the issuer itself. */
  readonly runner_id?: string
  /** The files its runner keeps for it; absent = one named `token`, empty = none. */
  readonly token_files?: readonly TokenFile[]
  /** The absolute path at which it finds its secret, when that is not in its environment. */
  readonly secret_file?: string
  /** The secret in force, and replaced ones in their grace. No other sandbox has one of them that still counts. */
  readonly secrets: readonly SecretHash[]
  readonly created_at: UnixSeconds
  /** The first moment at which it no longer exists; absent = until it is ended. */
  readonly expires_at?: UnixSeconds
  /** 1 when registered, one more at every change. */
  readonly revision: number
}

/** What became of one registration among several: nothing to tell, or the error that `register` would have thrown. */
export type RegistrationOutcome = IssuerError | undefined

/**
 * Sandboxes by ID and by secret. A sandbox is live from its registration until it is ended or `expires_at <= now`; only
 * live ones are ever found, listed or in the way of a registration. Every change is durable when it resolves.
 *
 * Every operation throws {@link IssuerError} `ERR_REGISTRY_LOST` when the store holds another registry than the one the
 * key ring records, or none; `ERR_STORE_UNAVAILABLE` when the store cannot be asked; `ERR_STORE_CORRUPT` when a record
 * cannot be read. Absence is `undefined`, and is answered only when it is known.
 */
export interface SandboxRegistry {
  /**
   * Adds a sandbox whose ID is not live (an ended or expired one may come back).
   *
   * @throws {IssuerError} `ERR_SANDBOX_EXISTS` when the ID is live; `ERR_SECRET_IN_USE` when another live sandbox has
   * one of the secrets; one whose `valid_until <= now` is nobody's. Nothing was changed then.
   */
  register(record: SandboxRecord, now: UnixSeconds): Promise<void>

  /**
   * Adds several sandboxes with different IDs, each for itself as `register` does, and gives the outcome of each in the
   * order of the records. Those without an error are durable when it resolves. A failure of the store is thrown, or is
   * the outcome of those it met; when it is thrown, it is not known which were added.
   */
  registerAll(records: readonly SandboxRecord[], now: UnixSeconds): Promise<readonly RegistrationOutcome[]>

  /**
   * Replaces a live sandbox's record, if the stored one has revision `record.revision - 1`.
   *
   * @throws {IssuerError} `ERR_SANDBOX_NOT_FOUND` when it is not live; `ERR_REVISION_CONFLICT` when somebody changed it
   * in between; `ERR_SECRET_IN_USE` as above. Nothing was changed then.
   */
  replace(record: SandboxRecord, now: UnixSeconds): Promise<void>

  /** The live sandbox with that ID. */
  findById(sandboxId: string, now: UnixSeconds): Promise<SandboxRecord | undefined>

  /** The live sandbox that has the secret with that hash, unless the secret's `valid_until <= now`. One indexed read. */
  findBySecretHash(sha256: string, now: UnixSeconds): Promise<SandboxRecord | undefined>

  /** Live sandboxes by ID, of one runner when `runnerId` is given. */
  list(
    query: PageQuery & { readonly runnerId?: string },
    now: UnixSeconds,
  ): Promise<RegistryPage<SandboxRecord>>

  /** Ends a sandbox at once; `false` when it was not live. */
  end(sandboxId: string, now: UnixSeconds): Promise<boolean>

  /** Deletes at most `limit` records of expired sandboxes and gives their number. Changes nothing that can be observed. */
  removeExpired(now: UnixSeconds, limit: number): Promise<number>
}
