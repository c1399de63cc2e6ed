import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endedAssignmentsContract, toThrowWithCode } from '@workload-identity/contracts'
import { unixSeconds as at } from '@workload-identity/core'
import { openDatabase, type SqliteDatabase } from '@workload-identity/driver-sqlite'
import { describe, expect, it } from 'vitest'
import { createSqliteEndedAssignments, createSqliteRegistryIdentity, migrateSqliteRegistry } from './index.ts'
import { openRegistry } from './temporary-registry.testing.ts'

expect.extend({ toThrowWithCode })

endedAssignmentsContract('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wid-ended-'))
  const databases: SqliteDatabase[] = []
  const open = async () => {
    const database = openDatabase({ path: join(folder, 'issuer.db') })
    databases.push(database)
    migrateSqliteRegistry(database)
    return createSqliteEndedAssignments({ database })
  }
  return {
    open,
    reopen: open,
    makeUnavailable: async () => databases.forEach((database) => database.close()),
    destroy: async () => {
      for (const database of databases) database.close()
      rmSync(folder, { recursive: true })
    },
  }
})

describe('createSqliteEndedAssignments', () => {
  it('leaves a registry empty', async () => {
    const { database } = await openRegistry()
    const note = { runner_id: 'r', sandbox_id: 'a', ended_at: at(5) }
    await createSqliteEndedAssignments({ database }).put([note])
    expect(await createSqliteRegistryIdentity({ database }).isEmpty()).toBe(true)
  })

  it('rejects a note with a moment before 1970 with ERR_STORE_CORRUPT', async () => {
    const { database } = await openRegistry()
    const ended = createSqliteEndedAssignments({ database })
    await ended.put([{ runner_id: 'r', sandbox_id: 'a', ended_at: at(5) }])
    database.exec('UPDATE ended_assignments SET ended_at = -1')
    await expect(ended.list('r', -5 as ReturnType<typeof at>, at(9))).rejects.toThrowWithCode(
      'ERR_STORE_CORRUPT',
    )
  })

  it('removes old notes by an index', async () => {
    const { database } = await openRegistry()
    const plan = database
      .prepare<[], { readonly detail: string }>(
        'EXPLAIN QUERY PLAN SELECT rowid FROM ended_assignments WHERE ended_at < 5 ORDER BY ended_at LIMIT 3',
      )
      .all()
      .map(({ detail }) => detail)
    expect(plan).toStrictEqual([
      'SEARCH ended_assignments USING COVERING INDEX ended_assignments_by_moment (ended_at<?)',
    ])
  })
})
