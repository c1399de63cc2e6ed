/*
 * `npm run mutants`: changes one operator at a time in a copy of the workspace and runs the tests of that project. A
 * change that no test notices is a gap; it is printed, and the exit code is 1. Takes some minutes.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanEnvironment, repositoryRoot } from '../repository.ts'
import { copyWorkspace } from '../workspace-copy.ts'
import { mutants, type Mutant } from './mutants.ts'

type Outcome = 'caught' | 'survived' | 'not applicable'

using copy = copyWorkspace(repositoryRoot, () => true)
// Tests that fail anyway would catch everything.
for (const project of new Set(mutants.map(({ file }) => projectOf(file)))) {
  if (!testsPass(copy.root, project)) throw new Error(`the tests of ${project} fail without any change`)
}
const survivors = mutants.filter((mutant) => {
  const outcome = tryMutant(copy.root, mutant)
  console.log(`${outcome.padEnd(15)} ${mutant.file}: ${mutant.find} → ${mutant.replace}`)
  if (outcome !== 'caught') console.log(`                ${mutant.harm}`)
  return outcome !== 'caught'
})
console.log(`${mutants.length - survivors.length} of ${mutants.length} changes were caught by a test`)
process.exitCode = survivors.length === 0 ? 0 : 1

function tryMutant(root: string, { file, find, replace }: Mutant): Outcome {
  const path = join(root, file)
  const original = readFileSync(path, 'utf8')
  if (original.split(find).length !== 2) return 'not applicable'
  writeFileSync(
    path,
    original.replace(find, () => replace),
  )
  try {
    return testsPass(root, projectOf(file)) ? 'survived' : 'caught'
  } finally {
    writeFileSync(path, original)
  }
}

function testsPass(root: string, project: string): boolean {
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const { status } = spawnSync(process.execPath, [vitest, 'run', '--bail=1', '--reporter=dot'], {
    cwd: join(root, project),
    env: cleanEnvironment(),
    stdio: 'ignore',
    timeout: 300_000,
  })
  return status === 0
}

function projectOf(file: string): string {
  return file.slice(0, file.indexOf('/src/'))
}
