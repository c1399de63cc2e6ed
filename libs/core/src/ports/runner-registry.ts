import type { UnixSeconds } from '../time.ts'
import type { PageQuery, RegistryPage, SecretHash } from './registry.ts'

/** What the issuer knows of a runner; stored as it stands. */
export interface RunnerRecord {
  readonly runner_id: string
  /** The token endpoint of its proxy as its sandboxes see it. */
  readonly token_url?: string
  /** The folder of its proxy's token files as its sandboxes see it, an absolute path. */
  readonly token_dir?: string
  /** The secret in force, and replaced ones in their grace. No other runner has one of them that still counts. */
  readonly secrets: readonly SecretHash[]
  readonly created_at: UnixSeconds
  /** 1 when registered, one more at every change. */
  readonly revision: number
}

/**
 * Runners by ID and by secret. A runner lives from its registration until it is ended. Durability, `ERR_REGISTRY_LOST`,
 * `ERR_STORE_UNAVAILABLE` and `ERR_STORE_CORRUPT` are as with `SandboxRegistry`.
 */
export interface RunnerRegistry {
  /**
   * Adds a runner.
   *
   * @throws {IssuerError} `ERR_RUNNER_EXISTS` when the ID is live; `ERR_SECRET_IN_USE` when another runner has one of
   * the secrets. Nothing was changed then.
   */
  register(record: RunnerRecord, now: UnixSeconds): Promise<void>

  /**
   * Replaces a runner's record, if the stored one has revision `record.revision - 1`.
   *
   * @throws {IssuerError} `ERR_RUNNER_NOT_FOUND`, `ERR_REVISION_CONFLICT`, `ERR_SECRET_IN_USE`. Nothing was changed then.
   */
  replace(record: RunnerRecord, now: UnixSeconds): Promise<void>

  /** The runner with that ID. */
  findById(runnerId: string, now: UnixSeconds): Promise<RunnerRecord | undefined>

  /** The runner that has the secret with that hash, unless the secret's `valid_until <= now`. One indexed read. */
  findBySecretHash(sha256: string, now: UnixSeconds): Promise<RunnerRecord | undefined>

  /** Runners by ID. */
  list(query: PageQuery, now: UnixSeconds): Promise<RegistryPage<RunnerRecord>>

  /** Ends a runner at once; `false` when there was none. What becomes of its sandboxes is not decided here. */
  end(runnerId: string, now: UnixSeconds): Promise<boolean>
}
