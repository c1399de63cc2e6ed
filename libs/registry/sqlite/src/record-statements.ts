import type { SqliteDatabase } from '@workload-identity/driver-sqlite'
import { buildRecordSql } from './record-sql.ts'
import type { Columns, RecordKind, RegistryRecord } from './record-kinds.ts'

/** A row of records: the columns of its kind, the record as text (null: none), and the registry ID where it is asked for. */
export interface RecordRow extends Columns {
  readonly registry_id?: string | null
  readonly record: string | null
}

/** Which rows of a list are wanted. */
export interface PageParameters {
  readonly after: string
  readonly now: number
  readonly limit: number
}

interface ById {
  readonly id: string
}

interface BySecret {
  readonly sha256: string
}

interface AtMoment {
  readonly now: number
}

/** Prepares the statements of one kind of records, once per registry. */
export function prepareRecordStatements<T extends RegistryRecord>(
  database: SqliteDatabase,
  kind: RecordKind<T>,
) {
  const sql = buildRecordSql(kind)
  return {
    registryId: database.prepare<[], { readonly registry_id: string }>('SELECT registry_id FROM registry'),
    findById: database.prepare<[ById & AtMoment], RecordRow>(sql.findById),
    findBySecretHash: database.prepare<[BySecret & AtMoment], RecordRow>(sql.findBySecretHash),
    list: database.prepare<[PageParameters], RecordRow>(sql.list),
    insert: database.prepare<[Columns], never>(sql.insert),
    update: database.prepare<[Columns], never>(sql.update),
    end: database.prepare<[ById & AtMoment], never>(sql.end),
    removeExpiredById: database.prepare<[ById & AtMoment], never>(sql.removeExpiredById),
    removeExpiredBySecret: database.prepare<[BySecret & AtMoment], never>(sql.removeExpiredBySecret),
    removeOutdatedSecret: database.prepare<[BySecret & AtMoment], never>(sql.removeOutdatedSecret),
    findOwner: database.prepare<[BySecret], ById>(sql.findOwner),
    deleteSecrets: database.prepare<[ById], never>(sql.deleteSecrets),
    insertSecret: database.prepare<[ById & BySecret & { readonly valid_until: number | null }], never>(
      sql.insertSecret,
    ),
  }
}
