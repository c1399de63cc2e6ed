import type { RunnerRegistry } from '@workload-identity/core'
import { runnerKind } from './record-kinds.ts'
import { createRecordTable } from './record-table.ts'
import type { FileRegistryOptions } from './registry-options.ts'

/** A registry of runners in a folder, beside that of the sandboxes. Does no I/O until it is used. */
export function createFileRunnerRegistry(options: FileRegistryOptions): RunnerRegistry {
  const { register, replace, findById, findBySecretHash, list, end } = createRecordTable(options, runnerKind)
  return { register, replace, findById, findBySecretHash, list: (query, now) => list(query, now), end }
}
