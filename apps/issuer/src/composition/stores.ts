import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  assertLocalFileSystem,
  openPrivateDirectory,
  type FileSystemPolicy,
} from '@workload-identity/driver-file'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { createFileKeyStore } from '@workload-identity/key-store-file'
import { createSqliteKeyStore, migrateSqliteKeyStore } from '@workload-identity/key-store-sqlite'
import { createFileRegistryIdentity, createFileSandboxRegistry } from '@workload-identity/registry-file'
import {
  createSqliteRegistryIdentity,
  createSqliteSandboxRegistry,
  migrateSqliteRegistry,
} from '@workload-identity/registry-sqlite'
import type { Logger } from 'pino'
import type { IssuerConfig } from '../config.ts'
import type { Stores } from './opened-stores.ts'
import { openRedisStores, type RedisStoresConfig } from './redis-stores.ts'

/** What of the configuration decides about the stores. */
export type StoresConfig = RedisStoresConfig & Pick<IssuerConfig, 'store' | 'allowNetworkFileSystem'>

/**
 * Opens the stores of the configured engine. Whoever calls it closes them.
 *
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE`, `ERR_STORE_CORRUPT`, `ERR_STORE_FOREIGN`, `ERR_STORE_SCHEMA_NEWER`.
 * @throws {StartRefusedError} for a Redis that is not fit for keys.
 */
export async function openStores(config: StoresConfig, logger: Logger): Promise<Stores> {
  const { store } = config
  const policy = { allowNetworkFileSystem: config.allowNetworkFileSystem }
  switch (store.engine) {
    case 'sqlite':
      return openSqliteStores(store.path, policy)
    case 'file':
      return openFileStores(store.directory, policy)
    case 'redis':
      return openRedisStores(store.url, config, logger)
  }
}

function openSqliteStores(path: string, policy: FileSystemPolicy): Stores {
  assertLocalFileSystem(findExistingFolder(path), policy)
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
