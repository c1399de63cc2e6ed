import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase, type SqliteDatabase } from '@workload-identity/driver-sqlite'
import { onTestFinished } from 'vitest'
import {
  createSqliteRegistryIdentity,
  createSqliteRunnerRegistry,
  createSqliteSandboxRegistry,
  migrateSqliteRegistry,
} from './index.ts'

/** The path of a database in a new folder that is deleted when the running test ends. */
export function temporaryPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-registry-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, 'issuer.db')
}

/** Opens a registry whose ID is `registry-1`; it is closed when the running test ends. */
export async function openRegistry(path = temporaryPath()) {
  const database = openDatabase({ path, busyTimeoutMs: 50 })
  onTestFinished(() => void database.close())
  migrateSqliteRegistry(database)
  await createSqliteRegistryIdentity({ database }).claim('registry-1')
  return { path, database, ...registriesIn(database) }
}

/** The registries in an open database, for a key ring that records `registry-1`. */
export function registriesIn(database: SqliteDatabase) {
  const registryId = () => 'registry-1'
  return {
    sandboxes: createSqliteSandboxRegistry({ database, registryId }),
    runners: createSqliteRunnerRegistry({ database, registryId }),
  }
}
