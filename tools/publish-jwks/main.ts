import { findCallersFolder } from '../callers-folder.ts'
import { runPublishProgram } from './publish-program.ts'

// Writes discovery and JWKS as files for a bucket or a CDN: npm run publish-jwks -- --to <folder> … (docs/guides/static-publication.md).

process.chdir(findCallersFolder('publish-jwks', process.env))
process.exitCode = await runPublishProgram(process.argv.slice(2), {
  env: process.env,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
