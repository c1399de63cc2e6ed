import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { registryContract, sealedRegistryContract, type RegistryHarness } from '@workload-identity/contracts'
import { openDatabase, type SqliteDatabase } from '@workload-identity/driver-sqlite'
import {
  createSqliteRegistryIdentity,
  createSqliteRunnerRegistry,
  createSqliteSandboxRegistry,
  migrateSqliteRegistry,
} from './index.ts'

async function createHarness(): Promise<RegistryHarness> {
  const folder = mkdtempSync(join(tmpdir(), 'wid-registry-'))
  const databases: SqliteDatabase[] = []
  const openMigrated = () => {
    const database = openDatabase({ path: join(folder, 'issuer.db') })
    databases.push(database)
    migrateSqliteRegistry(database)
    return database
  }
  return {
    open: async (registryId) => {
      const database = openMigrated()
      return {
        identity: createSqliteRegistryIdentity({ database }),
        sandboxes: createSqliteSandboxRegistry({ database, registryId }),
        runners: createSqliteRunnerRegistry({ database, registryId }),
      }
    },
    wipe: async () =>
      void openMigrated().exec('DELETE FROM registry; DELETE FROM sandboxes; DELETE FROM runners'),
    makeUnavailable: async () => databases.forEach((database) => database.close()),
    destroy: async () => {
      for (const database of databases) database.close()
      rmSync(folder, { recursive: true })
    },
  }
}

registryContract('SQLite', createHarness)
sealedRegistryContract('SQLite', createHarness)
