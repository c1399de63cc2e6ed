import { migrate, type SqliteDatabase } from '@workload-identity/driver-sqlite'

/** What the view `keys` shows, for people with the sqlite3 shell: one row a key, moments as RFC 3339 in UTC. */
const keysView = `
  CREATE VIEW keys AS
  SELECT
    json_extract(key.value, '$.kid') AS kid,
    json_extract(key.value, '$.alg') AS alg,
    json_extract(key.value, '$.state') AS state,
    json_extract(key.value, '$.origin') AS origin,
    ${['created_at', 'published_at', 'activated_at', 'retired_at', 'remove_at'].map(readableMoment).join(',\n    ')}
  FROM
    key_ring,
    -- A document that is sealed, or no key ring at all, has no rows here rather than an error.
    json_each(CASE WHEN json_valid(key_ring.document) THEN key_ring.document ELSE '{}' END, '$.keys') AS key
  WHERE key.type = 'object';
`

/** Released migrations never change; a new one is added at the end. */
const migrations: readonly string[] = [
  `
  CREATE TABLE key_ring (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
    generation INTEGER NOT NULL CHECK (generation >= 1),
    write_id TEXT NOT NULL,
    document TEXT NOT NULL
  ) STRICT;
  ${keysView}`,
]

/**
 * Makes or updates the tables of the key store in `database`, which may hold other components too. Call it once after
 * opening, before the store is used; calling it again does nothing.
 *
 * @throws {IssuerError} `ERR_STORE_SCHEMA_NEWER` when a newer release made them; `ERR_STORE_UNAVAILABLE` when the database
 * cannot be written.
 */
export function migrateSqliteKeyStore(database: SqliteDatabase): void {
  migrate(database, 'key-store', migrations)
}

function readableMoment(field: string): string {
  return `strftime('%Y-%m-%dT%H:%M:%SZ', json_extract(key.value, '$.${field}'), 'unixepoch') AS ${field}`
}
