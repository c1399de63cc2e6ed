import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { repositoryRoot } from '../repository.ts'
import { generatePages } from './generate-pages.ts'

// Writes every generated page into the checkout, or below another folder: npm run docs -- --into <folder>

const { values } = parseArgs({ options: { into: { type: 'string' } } })
for (const { path, text } of await generatePages(repositoryRoot)) {
  const file = join(values.into ?? repositoryRoot, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  console.log(path)
}
