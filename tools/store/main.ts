import { findCallersFolder } from '../callers-folder.ts'
import { StoreCommandError } from './command-error.ts'
import { createStoreProgram } from './store-program.ts'

// Deals with whole stores: npm run store -- copy|check|export … (libs/store-admin does the work, docs/guides/moving-stores.md shows it).

process.chdir(findCallersFolder('store', process.env))
try {
  process.exitCode = await createStoreProgram(process.env).run(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof StoreCommandError)) throw error
  process.stderr.write(`store: ${error.message}\n`)
  process.exitCode = error.exitCode
}
