import type { RunnerRegistry } from '@workload-identity/core'
import { runnerKind } from './record-kinds.ts'
import { createRecordTable } from './record-table.ts'
import type { RedisRegistryOptions } from './registry-options.ts'

/** A registry of runners in Redis, for any number of issuers. Does no I/O until it is used. */
export function createRedisRunnerRegistry(options: RedisRegistryOptions): RunnerRegistry {
  const { register, replace, findById, findBySecretHash, list, end } = createRecordTable(options, runnerKind)
  return { register, replace, findById, findBySecretHash, list, end }
}
