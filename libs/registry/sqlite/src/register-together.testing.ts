// Run as a process of its own by the tests: registers sandboxes a, b and c and says which of them it won.
import { argv, pid, stdout } from 'node:process'
import { isIssuerError, unixSeconds } from '@workload-identity/core'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { createSqliteRegistryIdentity, createSqliteSandboxRegistry, migrateSqliteRegistry } from './index.ts'

const [, , path = ''] = argv
const database = openDatabase({ path, busyTimeoutMs: 10_000 })
migrateSqliteRegistry(database)
const registryId = await createSqliteRegistryIdentity({ database }).claim(`claimed-by-${pid}`)
const sandboxes = createSqliteSandboxRegistry({ database, registryId: () => registryId })
const now = unixSeconds(1_767_225_600)
for (const sandbox_id of ['a', 'b', 'c']) {
  try {
    await sandboxes.register(
      { sandbox_id, app: `app-${pid}`, secrets: [], created_at: now, revision: 1 },
      now,
    )
    stdout.write(sandbox_id)
  } catch (error) {
    if (!isIssuerError(error, 'ERR_SANDBOX_EXISTS')) throw error
  }
}
database.close()
