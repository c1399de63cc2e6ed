import { findCallersFolder } from '../callers-folder.ts'
import { runKeysProgram } from './keys-program.ts'

// Shows and changes the keys of a running issuer: npm run keys -- plan|list|rotate|revoke|remove (docs/guides/keys.md).

process.chdir(findCallersFolder('keys', process.env))
process.exitCode = await runKeysProgram(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
