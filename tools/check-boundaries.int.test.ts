import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { copyForLint, findSilent, lintPlanted } from './check-boundaries.ts'
import { canaries } from './canaries.ts'
import { repositoryRoot } from './repository.ts'

describe('lintPlanted', () => {
  it('shows every forbidden canary as silent when the rules are gone', { timeout: 120_000 }, () => {
    using copy = copyForLint(repositoryRoot)
    const parser = `import tseslint from 'typescript-eslint'\n`
    const config = `export default [{ files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } }]\n`
    writeFileSync(join(copy.root, 'eslint.config.js'), parser + config)
    const forbidden = canaries.filter(({ reportedBy }) => reportedBy !== undefined)
    expect(forbidden.length).toBeGreaterThan(40)
    expect(findSilent(forbidden, lintPlanted(copy.root, forbidden))).toHaveLength(forbidden.length)
  })
})
