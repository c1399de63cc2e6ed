import {
  IssuerError,
  unixSeconds,
  type EndedAssignment,
  type EndedAssignments,
} from '@workload-identity/core'
import { withStoreErrors, withWriteLock, type SqliteDatabase } from '@workload-identity/driver-sqlite'
import type { SqliteRegistryOptions } from './registry-options.ts'

const putSql = `
  INSERT INTO ended_assignments (runner_id, sandbox_id, ended_at) VALUES (@runner_id, @sandbox_id, @ended_at)
  ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at`
const listSql = `
  SELECT runner_id, sandbox_id, ended_at FROM ended_assignments
  WHERE runner_id = @runnerId AND ended_at BETWEEN @from AND @until
  ORDER BY sandbox_id`
const removeSql = `
  DELETE FROM ended_assignments WHERE rowid IN (
    SELECT rowid FROM ended_assignments WHERE ended_at < @moment ORDER BY ended_at LIMIT @limit
  )`

interface Range {
  readonly runnerId: string
  readonly from: number
  readonly until: number
}

interface Due {
  readonly moment: number
  readonly limit: number
}

/**
 * Notes about ended assignments in an SQLite database, beside the registry. They belong to no registry ID: a registry that
 * was lost leaves them as they are. Does no I/O until it is used.
 */
export function createSqliteEndedAssignments({
  database,
}: Pick<SqliteRegistryOptions, 'database'>): EndedAssignments {
  let prepared: ReturnType<typeof prepareStatements> | undefined
  const statements = () => (prepared ??= prepareStatements(database))
  return {
    async put(ended) {
      if (ended.length === 0) return
      await withWriteLock(database, 'note ended assignments in', () => {
        for (const { runner_id, sandbox_id, ended_at } of ended)
          statements().put.run({ runner_id, sandbox_id, ended_at })
      })
    },
    async list(runnerId, from, until) {
      return withStoreErrors(database, 'read notes about ended assignments from', () =>
        statements()
          .list.all({ runnerId, from, until })
          .map((row) => parseNote(database, row)),
      )
    },
    async removeBefore(moment, limit) {
      return withWriteLock(
        database,
        'remove notes about ended assignments from',
        () => statements().remove.run({ moment, limit }).changes,
      )
    },
  }
}

function prepareStatements(database: SqliteDatabase) {
  return {
    put: database.prepare<[EndedAssignment], never>(putSql),
    list: database.prepare<[Range], EndedAssignment>(listSql),
    remove: database.prepare<[Due], never>(removeSql),
  }
}

/** The types of the columns are checked by SQLite (STRICT), the value of a moment here. */
function parseNote({ name }: SqliteDatabase, note: EndedAssignment): EndedAssignment {
  if (Number.isSafeInteger(note.ended_at) && note.ended_at >= 0)
    return { ...note, ended_at: unixSeconds(note.ended_at) }
  throw new IssuerError(
    'ERR_STORE_CORRUPT',
    `a note in the table ended_assignments of ${name} cannot be read or was altered; delete it`,
    { details: { path: name, table: 'ended_assignments' } },
  )
}
