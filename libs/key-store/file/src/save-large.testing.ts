// Run as a process of its own by the tests, with a limit on the size of files: saves a ring that is larger, and says how that ends.
import { argv, stdout } from 'node:process'
import { isIssuerError } from '@workload-identity/core'
import { openPrivateDirectory } from '@workload-identity/driver-file'
import { createFileKeyStore } from './index.ts'

const [, , path = ''] = argv
const store = createFileKeyStore({ directory: openPrivateDirectory({ path }) })
try {
  await store.save({ generation: 2, write_id: 'large', document: 'x'.repeat(100_000) }, await store.load())
  stdout.write('saved\n')
} catch (error) {
  if (!isIssuerError(error)) throw error
  stdout.write(`${error.code} ${String(error.details['system_code'])}\n`)
}
