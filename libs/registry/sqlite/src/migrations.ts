import { migrate, type SqliteDatabase } from '@workload-identity/driver-sqlite'

// A record is kept as JSON, as it stands; the columns beside it repeat what SQL has to search for. TEXT compares byte by
// byte here (BINARY), so that IDs are case sensitive and sort as ASCII.
/** Released migrations never change; a new one is added at the end. */
const migrations: readonly string[] = [
  `
  CREATE TABLE registry (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    registry_id TEXT NOT NULL
  ) STRICT;

  CREATE TABLE sandboxes (
    sandbox_id TEXT NOT NULL PRIMARY KEY,
    runner_id TEXT,
    expires_at INTEGER,
    revision INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX sandboxes_by_runner ON sandboxes (runner_id, sandbox_id) WHERE runner_id IS NOT NULL;
  CREATE INDEX sandboxes_by_expiry ON sandboxes (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE sandbox_secrets (
    secret_sha256 TEXT NOT NULL PRIMARY KEY,
    sandbox_id TEXT NOT NULL REFERENCES sandboxes (sandbox_id) ON DELETE CASCADE,
    valid_until INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sandbox_secrets_by_sandbox ON sandbox_secrets (sandbox_id);

  CREATE TABLE runners (
    runner_id TEXT NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE TABLE runner_secrets (
    secret_sha256 TEXT NOT NULL PRIMARY KEY,
    runner_id TEXT NOT NULL REFERENCES runners (runner_id) ON DELETE CASCADE,
    valid_until INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX runner_secrets_by_runner ON runner_secrets (runner_id);
  `,
  `
  CREATE TABLE ended_assignments (
    runner_id TEXT NOT NULL,
    sandbox_id TEXT NOT NULL,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (runner_id, sandbox_id)
  ) STRICT;
  CREATE INDEX ended_assignments_by_moment ON ended_assignments (ended_at);
  `,
]

/**
 * Makes or updates the tables of the registry in `database`, which may hold other components too. Call it once after
 * opening, before the registry is used; calling it again does nothing.
 *
 * @throws {IssuerError} `ERR_STORE_SCHEMA_NEWER` when a newer release made them; `ERR_STORE_UNAVAILABLE` when the database
 * cannot be written.
 */
export function migrateSqliteRegistry(database: SqliteDatabase): void {
  migrate(database, 'registry', migrations)
}
