import { runKeysProgram } from './keys-program.ts'

// Shows and changes the keys of a running issuer: npm run keys -- plan|list|rotate|revoke|remove (docs/guides/keys.md).

process.exitCode = await runKeysProgram(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
