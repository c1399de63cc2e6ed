import type { RunnerRegistry } from '@workload-identity/core'
import { runnerKind } from './record-kinds.ts'
import { createRecordTable } from './record-table.ts'
import type { SqliteRegistryOptions } from './registry-options.ts'

/** A registry of runners in an SQLite database, beside that of the sandboxes. Does no I/O until it is used. */
export function createSqliteRunnerRegistry(options: SqliteRegistryOptions): RunnerRegistry {
  const { register, replace, findById, findBySecretHash, list, end } = createRecordTable(options, runnerKind)
  return { register, replace, findById, findBySecretHash, list, end }
}
