// What the races and crash trials of the contracts open, in processes of their own.
import type { KeyStore } from '@workload-identity/core'
import type { Opened } from '@workload-identity/contracts/trials'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { killAtDatabaseStep, watchSteps } from '@workload-identity/driver-sqlite/testing'
import { createSqliteKeyStore, migrateSqliteKeyStore } from './index.ts'

export async function killAtStep(step: number): Promise<void> {
  killAtDatabaseStep(step)
}

export async function openKeyStore(location: string): Promise<Opened<KeyStore>> {
  const database = openDatabase({ path: location, busyTimeoutMs: 20_000 })
  migrateSqliteKeyStore(database)
  const handle = createSqliteKeyStore({ database: watchSteps(database) })
  return { handle, close: async () => void database.close() }
}
