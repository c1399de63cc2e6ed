// What the races and crash trials of the contracts open, in processes of their own.
import type { RegistryHandles } from '@workload-identity/contracts'
import type { Opened } from '@workload-identity/contracts/trials'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { killAtDatabaseStep, watchSteps } from '@workload-identity/driver-sqlite/testing'
import {
  createSqliteRegistryIdentity,
  createSqliteRunnerRegistry,
  createSqliteSandboxRegistry,
  migrateSqliteRegistry,
} from './index.ts'

export async function killAtStep(step: number): Promise<void> {
  killAtDatabaseStep(step)
}

export async function openRegistry(
  location: string,
  registryId: () => string,
): Promise<Opened<RegistryHandles>> {
  const opened = openDatabase({ path: location, busyTimeoutMs: 20_000 })
  migrateSqliteRegistry(opened)
  const database = watchSteps(opened)
  const handle = {
    identity: createSqliteRegistryIdentity({ database }),
    sandboxes: createSqliteSandboxRegistry({ database, registryId }),
    runners: createSqliteRunnerRegistry({ database, registryId }),
  }
  return { handle, close: async () => void opened.close() }
}
