import type { RecordKind, RegistryRecord } from './record-kinds.ts'

/** The SQL of one kind of records. Nothing but the constant names of a {@link RecordKind} goes into the text. */
export interface RecordSql {
  /** `@id`, `@now` → one row: the registry ID, and the live record or nulls. */
  readonly findById: string
  /** `@sha256`, `@now` → one row: the registry ID, and the live record or nulls. */
  readonly findBySecretHash: string
  /** `@after`, `@now`, `@limit` → live records by ID. */
  readonly list: string
  /** The columns and `@record`. */
  readonly insert: string
  /** The columns and `@record`. */
  readonly update: string
  /** `@id`, `@now`: ends a live record. */
  readonly end: string
  /** `@id`, `@now`: clears an expired record away. */
  readonly removeExpiredById: string
  /** `@sha256`, `@now`: clears an expired record away that still has the secret. */
  readonly removeExpiredBySecret: string
  /** `@sha256`, `@now`: clears a secret away whose time is over. */
  readonly removeOutdatedSecret: string
  /** `@sha256` → the ID of the record that has the secret. */
  readonly findOwner: string
  /** `@id`. */
  readonly deleteSecrets: string
  /** `@sha256`, `@id`, `@valid_until`. */
  readonly insertSecret: string
}

/** Writes the statements for the tables of one kind. */
export function buildRecordSql<T extends RegistryRecord>(kind: RecordKind<T>): RecordSql {
  const { table, idColumn, secretsTable, isLive, columns } = kind
  const ownerColumns = [...columns, 'record'].map((name) => `owner.${name}`).join(', ')
  // One statement tells a lost registry, an absent record and a found one apart: it always gives one row. Sub-selects
  // where one would expect joins: SQLite answers the same three look-ups in a fifth of the time (docs/performance.md).
  const selectOne = `
    SELECT (SELECT registry_id FROM registry WHERE singleton = 1) AS registry_id, ${ownerColumns}
    FROM (SELECT 1)`
  return {
    findById: `${selectOne}
      LEFT JOIN ${table} AS owner ON owner.${idColumn} = @id AND ${isLive}`,
    findBySecretHash: `${selectOne}
      LEFT JOIN ${table} AS owner ON ${isLive} AND owner.${idColumn} = (
        SELECT secret.${idColumn} FROM ${secretsTable} AS secret
        WHERE secret.secret_sha256 = @sha256 AND (secret.valid_until IS NULL OR secret.valid_until > @now)
      )`,
    list: `
      SELECT ${ownerColumns} FROM ${table} AS owner
      WHERE owner.${idColumn} > @after AND ${isLive}
      ORDER BY owner.${idColumn} LIMIT @limit`,
    insert: `
      INSERT INTO ${table} (${columns.join(', ')}, record)
      VALUES (${columns.map((name) => `@${name}`).join(', ')}, @record)`,
    update: `
      UPDATE ${table} SET ${[...columns, 'record'].map((name) => `${name} = @${name}`).join(', ')}
      WHERE ${idColumn} = @${idColumn}`,
    end: `DELETE FROM ${table} AS owner WHERE ${idColumn} = @id AND ${isLive}`,
    removeExpiredById: `DELETE FROM ${table} AS owner WHERE ${idColumn} = @id AND NOT ${isLive}`,
    removeExpiredBySecret: `
      DELETE FROM ${table} AS owner
      WHERE ${idColumn} = (SELECT ${idColumn} FROM ${secretsTable} WHERE secret_sha256 = @sha256) AND NOT ${isLive}`,
    removeOutdatedSecret: `DELETE FROM ${secretsTable} WHERE secret_sha256 = @sha256 AND valid_until <= @now`,
    findOwner: `SELECT ${idColumn} AS id FROM ${secretsTable} WHERE secret_sha256 = @sha256`,
    deleteSecrets: `DELETE FROM ${secretsTable} WHERE ${idColumn} = @id`,
    insertSecret: `
      INSERT INTO ${secretsTable} (secret_sha256, ${idColumn}, valid_until) VALUES (@sha256, @id, @valid_until)
      ON CONFLICT DO NOTHING`,
  }
}

/** As `list` of {@link RecordSql}, of the sandboxes of runner `@runner_id`. */
export const listOfRunnerSql = `
  SELECT owner.sandbox_id, owner.runner_id, owner.expires_at, owner.revision, owner.record
  FROM sandboxes AS owner
  WHERE owner.runner_id = @runner_id AND owner.sandbox_id > @after
    AND (owner.expires_at IS NULL OR owner.expires_at > @now)
  ORDER BY owner.sandbox_id LIMIT @limit`

/** Deletes at most `@limit` sandboxes that are expired at `@now`. */
export const removeExpiredSql = `
  DELETE FROM sandboxes WHERE sandbox_id IN (
    SELECT sandbox_id FROM sandboxes WHERE expires_at <= @now ORDER BY expires_at LIMIT @limit
  )`
