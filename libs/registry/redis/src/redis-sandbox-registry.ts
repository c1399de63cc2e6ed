import { registerEach, type SandboxRegistry } from '@workload-identity/core'
import { sandboxKind } from './record-kinds.ts'
import { createRecordTable } from './record-table.ts'
import type { RedisRegistryOptions } from './registry-options.ts'

/** How many registrations of a batch are under way at once: enough to hide the round trips, too few to hold others up. */
const CONCURRENCY = 64

/** A registry of sandboxes in Redis, for any number of issuers. Does no I/O until it is used. */
export function createRedisSandboxRegistry(options: RedisRegistryOptions): SandboxRegistry {
  const table = createRecordTable(options, sandboxKind)
  return {
    ...table,
    registerAll: (records, now) =>
      registerEach(records, (record) => table.register(record, now), CONCURRENCY),
  }
}
