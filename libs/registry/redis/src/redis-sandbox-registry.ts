import type { SandboxRegistry } from '@workload-identity/core'
import { sandboxKind } from './record-kinds.ts'
import { createRecordTable } from './record-table.ts'
import type { RedisRegistryOptions } from './registry-options.ts'

/** A registry of sandboxes in Redis, for any number of issuers. Does no I/O until it is used. */
export function createRedisSandboxRegistry(options: RedisRegistryOptions): SandboxRegistry {
  return createRecordTable(options, sandboxKind)
}
