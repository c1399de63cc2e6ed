import type { KeyStore, RegistryIdentity, SandboxRegistry } from '@workload-identity/core'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { createSqliteKeyStore, migrateSqliteKeyStore } from '@workload-identity/key-store-sqlite'
import {
  createSqliteRegistryIdentity,
  createSqliteSandboxRegistry,
  migrateSqliteRegistry,
} from '@workload-identity/registry-sqlite'
import type { IssuerConfig } from '../config.ts'

/** The stores of one engine, opened. */
export interface Stores {
  readonly keyStore: KeyStore
  readonly registryIdentity: RegistryIdentity
  /** Makes the registry of sandboxes that belongs to the ring with that registry ID. */
  createSandboxRegistry(registryId: () => string): SandboxRegistry
  /** Closes what was opened. */
  close(): void
}

/**
 * Opens the stores of the configured engine. Whoever calls it closes them.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE`, `ERR_STORE_CORRUPT`, `ERR_STORE_SCHEMA_NEWER`.
 */
export function openStores({ store }: Pick<IssuerConfig, 'store'>): Stores {
  // One engine so far; a second one makes the compiler ask for a switch here.
  return openSqliteStores(store.path)
}

function openSqliteStores(path: string): Stores {
  const database = openDatabase({ path })
  try {
    migrateSqliteKeyStore(database)
    migrateSqliteRegistry(database)
  } catch (error) {
    database.close()
    throw error
  }
  return {
    keyStore: createSqliteKeyStore({ database }),
    registryIdentity: createSqliteRegistryIdentity({ database }),
    createSandboxRegistry: (registryId) => createSqliteSandboxRegistry({ database, registryId }),
    close: () => database.close(),
  }
}
