import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { IssuerError } from '@workload-identity/core'
import {
  assertLocalFileSystem,
  openPrivateDirectory,
  type FileSystemPolicy,
} from '@workload-identity/driver-file'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { createFileKeyStore } from '@workload-identity/key-store-file'
import { createSqliteKeyStore, migrateSqliteKeyStore } from '@workload-identity/key-store-sqlite'
import {
  createFileEndedAssignments,
  createFileRegistryIdentity,
  createFileRunnerRegistry,
  createFileSandboxRegistry,
} from '@workload-identity/registry-file'
import {
  createSqliteEndedAssignments,
  createSqliteRegistryIdentity,
  createSqliteRunnerRegistry,
  createSqliteSandboxRegistry,
  migrateSqliteRegistry,
} from '@workload-identity/registry-sqlite'
import { openRedisStores } from './open-redis-stores.ts'
import type { OpenStoresOptions } from './store-location.ts'
import type { Stores } from './stores.ts'

/**
 * Opens the stores of one engine; on disk they are made when they are missing, unless `readOnly`. Whoever calls it closes
 * them.
 *
 * @throws {IssuerError} `ERR_STORE_EMPTY` when there is nothing and `readOnly` is set; `ERR_STORE_UNAVAILABLE`,
 * `ERR_STORE_CORRUPT`, `ERR_STORE_FOREIGN`, `ERR_STORE_SCHEMA_NEWER`.
 */
export async function openStores(options: OpenStoresOptions): Promise<Stores> {
  const { store, readOnly = false, allowNetworkFileSystem = false } = options
  switch (store.engine) {
    case 'sqlite':
      if (readOnly) assertPresent(store.path)
      return openSqliteStores(store.path, readOnly, { allowNetworkFileSystem })
    case 'file':
      if (readOnly) assertPresent(store.directory)
      return openFileStores(store.directory, { allowNetworkFileSystem })
    case 'redis':
      return openRedisStores(store.url, options)
  }
}

function openSqliteStores(path: string, readOnly: boolean, policy: FileSystemPolicy): Stores {
  assertLocalFileSystem(findExistingFolder(path), policy)
  const database = openDatabase({ path, readOnly })
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
    createRunnerRegistry: (registryId) => createSqliteRunnerRegistry({ database, registryId }),
    endedAssignments: createSqliteEndedAssignments({ database }),
    isShared: false,
    close() {
      database.close()
    },
  }
}

function openFileStores(path: string, policy: FileSystemPolicy): Stores {
  const directory = openPrivateDirectory({ path, ...policy })
  return {
    keyStore: createFileKeyStore({ directory }),
    registryIdentity: createFileRegistryIdentity({ directory }),
    createSandboxRegistry: (registryId) => createFileSandboxRegistry({ directory, registryId }),
    createRunnerRegistry: (registryId) => createFileRunnerRegistry({ directory, registryId }),
    endedAssignments: createFileEndedAssignments({ directory }),
    isShared: false,
    close: () => undefined,
  }
}

/** The folder that will hold the database, or the nearest one above it: the file system is looked at before it is made. */
function findExistingFolder(path: string): string {
  let folder = dirname(resolve(path))
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder)
  return folder
}

/** Opening would make the store, and whoever only reads must not. */
function assertPresent(path: string): void {
  if (existsSync(path)) return
  throw new IssuerError('ERR_STORE_EMPTY', `there is no store at ${resolve(path)}; correct the path`, {
    details: { path: resolve(path) },
  })
}
