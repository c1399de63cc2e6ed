// Run as a process of its own by the tests: saves generation 2 over the one the tests saved, then dies without closing.
import { argv, kill, pid } from 'node:process'
import { openDatabase } from '@workload-identity/driver-sqlite'
import { createSqliteKeyStore } from './index.ts'

const [, , path = ''] = argv
const store = createSqliteKeyStore({ database: openDatabase({ path }) })
await store.save(
  { generation: 2, write_id: 'from-another-process', document: '{}' },
  { generation: 1, write_id: 'first' },
)
kill(pid, 'SIGKILL')
