// Run as a process of its own by the tests: says that it is ready, waits for the end of its input, registers 50 sandboxes
// and says which of them it won.
import { argv, pid, stdin, stdout } from 'node:process'
import { text } from 'node:stream/consumers'
import { isIssuerError, unixSeconds } from '@workload-identity/core'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { createSqliteRegistryIdentity, createSqliteSandboxRegistry, migrateSqliteRegistry } from './index.ts'

const [, , path = ''] = argv
const database = openDatabase({ path, busyTimeoutMs: 10_000 })
migrateSqliteRegistry(database)
const registryId = await createSqliteRegistryIdentity({ database }).claim(`claimed-by-${pid}`)
const sandboxes = createSqliteSandboxRegistry({ database, registryId: () => registryId })
const now = unixSeconds(1_767_225_600)
stdout.write('ready\n')
await text(stdin)
for (const sandbox_id of Array.from({ length: 50 }, (_, number) => `sandbox-${number}`)) {
  try {
    await sandboxes.register(
      { sandbox_id, app: `app-${pid}`, secrets: [], created_at: now, revision: 1 },
      now,
    )
    stdout.write(`${sandbox_id}\n`)
  } catch (error) {
    if (!isIssuerError(error, 'ERR_SANDBOX_EXISTS')) throw error
  }
}
database.close()
