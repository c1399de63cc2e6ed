import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { repositoryRoot } from '../repository.ts'
import { mutants } from './mutants.ts'

describe('mutants', () => {
  it.each(mutants.map((mutant) => [mutant.file, mutant.find, mutant]))(
    'finds its place in %s exactly once: %s',
    (file, find, { replace }) => {
      const parts = readFileSync(join(repositoryRoot, file), 'utf8').split(find)
      expect(parts).toHaveLength(2)
      expect(replace).not.toBe(find)
    },
  )
})
