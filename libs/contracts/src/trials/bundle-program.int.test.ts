import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { bundleProgram } from './bundle-program.ts'

const run = promisify(execFile)

/** Writes the files of a program and gives a function from their names to their paths. */
function writeProgram(files: Readonly<Record<string, string>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'wid-program-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return (name) => join(folder, name)
}

describe('bundleProgram', () => {
  it('makes one file that does what the sources do, each with its own URL, also those imported for their effect', async () => {
    const pathOf = writeProgram({
      'package.json': '{ "type": "module", "sideEffects": false }',
      'main.ts': `import './effect.ts'; const url: string = import.meta.url; console.log(url, process.argv[2])`,
      'effect.ts': 'console.log(import.meta.url)',
    })
    const program = await bundleProgram(`import ${JSON.stringify(pathOf('main.ts'))}`)
    rmSync(pathOf('main.ts'))
    const { stdout } = await run(process.execPath, [program, 'argument'])
    const [effect, main] = [pathToFileURL(pathOf('effect.ts')).href, pathToFileURL(pathOf('main.ts')).href]
    expect(stdout).toBe(`${effect}\n${main} argument\n`)
  })

  it('gives all who ask for the same program the same file, and another one when a source changed', async () => {
    const pathOf = writeProgram({ 'main.ts': 'console.log(1)' })
    const entry = `import ${JSON.stringify(pathOf('main.ts'))}`
    const [one, two] = await Promise.all([bundleProgram(entry), bundleProgram(`${entry}\n`)])
    expect(two).toBe(one)
    writeFileSync(pathOf('main.ts'), 'console.log(2)')
    const changed = await bundleProgram(`${entry}\n\n`)
    expect((await run(process.execPath, [one])).stdout).toBe('1\n')
    expect((await run(process.execPath, [changed])).stdout).toBe('2\n')
  })

  it('rejects with the place of a mistake in a source', async () => {
    const pathOf = writeProgram({ 'main.ts': 'const = 1' })
    const made = bundleProgram(`import ${JSON.stringify(pathOf('main.ts'))}`)
    await expect(made).rejects.toThrow(/main\.ts:1:6: ERROR/)
  })

  it('lets a native package be loaded from where it is installed', async () => {
    const driver = new URL('../../../driver/sqlite/src/index.ts', import.meta.url)
    const pathOf = writeProgram({})
    const program = await bundleProgram(`
      import { openDatabase } from ${JSON.stringify(fileURLToPath(driver))}
      openDatabase({ path: ${JSON.stringify(pathOf('store.db'))} }).close()
    `)
    await expect(run(process.execPath, [program])).resolves.toStrictEqual({ stdout: '', stderr: '' })
  })
})
