import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findProjects, repositoryRoot } from '../repository.ts'

const libraries = findProjects(repositoryRoot).filter(({ folder }) => folder.startsWith('libs/'))

function prepackOf(folder: string): string {
  const text = readFileSync(join(repositoryRoot, folder, 'package.json'), 'utf8')
  return (JSON.parse(text) as { scripts?: { prepack?: string } }).scripts?.prepack ?? ''
}

describe('prepack', () => {
  it('is the same in every library', () => {
    expect(libraries.length).toBeGreaterThan(10)
    expect(new Set(libraries.map(({ folder }) => prepackOf(folder))).size).toBe(1)
  })

  it('refuses a library that is not built, which would be packed without its code', () => {
    const folder = mkdtempSync(join(tmpdir(), 'wid-prepack-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const prepack = () => spawnSync('sh', ['-c', prepackOf('libs/core')], { cwd: folder, encoding: 'utf8' })
    expect(prepack()).toMatchObject({ status: 1, stderr: expect.stringMatching(/^it is not built: run /) })
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'dist/index.js'), '')
    expect(prepack()).toMatchObject({ status: 0, stderr: '' })
  })
})
