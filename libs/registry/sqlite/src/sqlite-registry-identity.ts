import type { RegistryIdentity } from '@workload-identity/core'
import { withStoreErrors, withWriteLock } from '@workload-identity/driver-sqlite'
import type { SqliteRegistryOptions } from './registry-options.ts'

// The other tables are named so that a registry that lacks one cannot be read, instead of looking like a whole one.
const tables = ['sandboxes', 'sandbox_secrets', 'runners', 'runner_secrets']
const readSql = `
  SELECT registry_id, ${tables.map((table) => `EXISTS (SELECT 1 FROM ${table})`).join(' + ')} AS parts
  FROM registry`
const claimSql = 'INSERT INTO registry (singleton, registry_id) VALUES (1, ?) ON CONFLICT DO NOTHING'
const countSql = 'SELECT EXISTS (SELECT 1 FROM sandboxes) + EXISTS (SELECT 1 FROM runners) AS kinds'

/** The identity of the registry in an SQLite database. Does no I/O until it is used. */
export function createSqliteRegistryIdentity(
  options: Pick<SqliteRegistryOptions, 'database'>,
): RegistryIdentity {
  const { database } = options
  const readId = () => database.prepare<[], { readonly registry_id: string }>(readSql).get()?.registry_id
  return {
    async read() {
      return withStoreErrors(database, 'read the registry ID from', readId)
    },
    async claim(candidate) {
      return withWriteLock(database, 'write the registry ID to', () => {
        database.prepare<[string], never>(claimSql).run(candidate)
        return readId() ?? candidate
      })
    },
    async isEmpty() {
      return withStoreErrors(
        database,
        'look for records in',
        () => database.prepare<[], { readonly kinds: number }>(countSql).get()?.kinds === 0,
      )
    },
  }
}
