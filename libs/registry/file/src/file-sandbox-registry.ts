import { registerEach, type SandboxRegistry } from '@workload-identity/core'
import { sandboxKind } from './record-kinds.ts'
import { createRecordTable } from './record-table.ts'
import type { FileRegistryOptions } from './registry-options.ts'

/**
 * A registry of sandboxes in a folder, for one issuer machine: several processes on it may share the folder. Does no I/O
 * until it is used.
 */
export function createFileSandboxRegistry(options: FileRegistryOptions): SandboxRegistry {
  const table = createRecordTable(options, sandboxKind)
  return {
    ...table,
    registerAll: (records, now) => registerEach(records, (record) => table.register(record, now)),
    list: ({ runnerId, ...query }, now) =>
      table.list(query, now, (record) => runnerId === undefined || record.runner_id === runnerId),
  }
}
