import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatReference } from '@workload-identity/settings'
import { settingsTable } from '../src/settings-table.ts'

// Run as a program this writes the table of settings into README.md, or with --print prints the page as it has to be:
// node --conditions=@workload-identity/source apps/runner-proxy/test/settings-reference.ts

const readmePath = fileURLToPath(new URL('../README.md', import.meta.url))
const section = /(?<=<!-- settings: begin -->\n).*(?=<!-- settings: end -->)/s

/** The table of settings as README.md has it now, and as it has to be. */
export function compareSettingsReference(): {
  readonly written: string | undefined
  readonly generated: string
} {
  const generated = `\n${formatReference(settingsTable, { headingLevel: 3 })}\n`
  return { written: section.exec(readFileSync(readmePath, 'utf8'))?.[0], generated }
}

if (import.meta.main) {
  const { generated } = compareSettingsReference()
  const page = readFileSync(readmePath, 'utf8').replace(section, () => generated)
  if (process.argv.includes('--print')) process.stdout.write(page)
  else writeFileSync(readmePath, page)
}
