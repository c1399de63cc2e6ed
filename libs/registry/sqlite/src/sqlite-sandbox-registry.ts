import type { SandboxRegistry } from '@workload-identity/core'
import type { SqliteDatabase } from '@workload-identity/driver-sqlite'
import { sandboxKind } from './record-kinds.ts'
import { listOfRunnerSql, removeExpiredSql } from './record-sql.ts'
import type { PageParameters, RecordRow } from './record-statements.ts'
import { createRecordTable } from './record-table.ts'
import type { SqliteRegistryOptions } from './registry-options.ts'

/**
 * A registry of sandboxes in an SQLite database, for one issuer machine: several processes on it may share the file. Does
 * no I/O until it is used.
 */
export function createSqliteSandboxRegistry(options: SqliteRegistryOptions): SandboxRegistry {
  const { database } = options
  const table = createRecordTable(options, sandboxKind)
  let prepared: ReturnType<typeof prepareStatements> | undefined
  const statements = () => (prepared ??= prepareStatements(database))
  return {
    register: table.register,
    registerAll: table.registerAll,
    replace: table.replace,
    findById: table.findById,
    findBySecretHash: table.findBySecretHash,
    end: table.end,
    async list({ runnerId, ...query }, now) {
      if (runnerId === undefined) return table.list(query, now)
      return table.readPage(query, now, (page) =>
        statements().listOfRunner.all({ ...page, runner_id: runnerId }),
      )
    },
    async removeExpired(now, limit) {
      return table.write(
        'remove expired sandboxes from',
        () => statements().removeExpired.run({ now, limit }).changes,
      )
    },
  }
}

function prepareStatements(database: SqliteDatabase) {
  return {
    listOfRunner: database.prepare<[PageParameters & { readonly runner_id: string }], RecordRow>(
      listOfRunnerSql,
    ),
    removeExpired: database.prepare<[{ readonly now: number; readonly limit: number }], never>(
      removeExpiredSql,
    ),
  }
}
