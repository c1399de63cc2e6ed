import { IssuerError } from '@workload-identity/core'
import type { SqliteDatabase } from '@workload-identity/driver-sqlite'

/** What a registry in SQLite needs. */
export interface SqliteRegistryOptions {
  /** Opened by `openDatabase` and migrated by `migrateSqliteRegistry`; closed by whoever opened it. */
  readonly database: SqliteDatabase
  /** The registry ID that the key ring records; asked at every operation. */
  readonly registryId: () => string
}

/**
 * Makes sure that the store holds the registry that the key ring records.
 *
 * @param stored the ID found in the store; null or undefined when there is none.
 * @throws {IssuerError} `ERR_REGISTRY_LOST` otherwise.
 */
export function assertRegistry(
  { database, registryId }: SqliteRegistryOptions,
  stored: string | null | undefined,
): void {
  if (typeof stored === 'string' && stored === registryId()) return
  const found = typeof stored === 'string' ? 'another registry than' : 'no registry, but not'
  throw new IssuerError(
    'ERR_REGISTRY_LOST',
    `${database.name} holds ${found} the one the key ring records; restore the registry from a backup, or, when there is none, accept the loss: POST /v1/registry/accept-loss`,
    { details: { path: database.name } },
  )
}
