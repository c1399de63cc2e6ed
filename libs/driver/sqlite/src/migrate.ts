import { IssuerError } from '@workload-identity/core'
import { waitingFully } from './lock-patience.ts'
import type { SqliteDatabase } from './sqlite-database.ts'
import { withStoreErrors } from './store-error.ts'

interface VersionRow {
  readonly version: number
}

/**
 * Brings the tables of one component up to date. `migrations[0]` is the SQL that makes version 1, each further one leads
 * to the next version; released ones never change. Components that share a database have versions of their own. Each
 * migration is applied as a whole or not at all, once, also when several processes start together.
 *
 * @throws {IssuerError} `ERR_STORE_SCHEMA_NEWER` when a newer release migrated the component; nothing was changed.
 * @throws {IssuerError} `ERR_STORE_UNAVAILABLE`, `ERR_STORE_CORRUPT` as `toStoreError`.
 */
export function migrate(database: SqliteDatabase, component: string, migrations: readonly string[]): void {
  withStoreErrors(database, `migrate the ${component} tables of`, () => {
    if (versionOf(database, component, migrations.length) === migrations.length) return
    assertWritable(database, component)
    const applyNext = database.transaction(() => {
      database.exec(
        'CREATE TABLE IF NOT EXISTS schema_version (component TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT',
      )
      // Read again under the write lock: another process may have been first.
      const version = versionOf(database, component, migrations.length)
      const migration = migrations[version]
      if (migration === undefined) return false
      database.exec(migration)
      database
        .prepare<[string, number], never>(
          'INSERT OR REPLACE INTO schema_version (component, version) VALUES (?, ?)',
        )
        .run(component, version + 1)
      return true
    })
    waitingFully(database, () => {
      while (applyNext.immediate());
    })
  })
}

/** The version a component is at, 0 when it has no tables yet. */
function versionOf(database: SqliteDatabase, component: string, known: number): number {
  const hasVersions = database
    .prepare<[], unknown>("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'")
    .get()
  if (hasVersions === undefined) return 0
  const version =
    database
      .prepare<[string], VersionRow>('SELECT version FROM schema_version WHERE component = ?')
      .get(component)?.version ?? 0
  if (version > known) {
    const reason = `a newer release made its ${component} tables (version ${version}, this one knows ${known})`
    throw new IssuerError(
      'ERR_STORE_SCHEMA_NEWER',
      `cannot use the database ${database.name}: ${reason}; run that release, or restore a backup from before`,
      { details: { path: database.name, component, version, known } },
    )
  }
  return version
}

function assertWritable(database: SqliteDatabase, component: string): void {
  if (!database.readonly) return
  const reason = `its ${component} tables are not those of this release, and it is opened read-only`
  throw new IssuerError(
    'ERR_STORE_UNAVAILABLE',
    `cannot use the database ${database.name}: ${reason}; start the issuer on it once`,
    { details: { path: database.name, component } },
  )
}
