import { describe, expect, it } from 'vitest'
import { missingTargets, type NxProject } from './check-targets.ts'

const target = { executor: 'nx:run-commands', options: { command: 'true' } }
const complete: NxProject = {
  root: 'libs/core',
  targets: { lint: target, typecheck: target, test: target, build: target },
}

describe('missingTargets', () => {
  it('accepts a project with all four targets', () => {
    expect(missingTargets(['libs/core'], [complete])).toEqual([])
  })

  it('names a folder that Nx does not know', () => {
    expect(missingTargets(['libs/core', 'libs/new'], [complete])).toEqual([
      expect.stringContaining('libs/new is no project of Nx'),
    ])
  })

  it('names each target that is missing or empty', () => {
    const broken: NxProject = {
      root: 'libs/core',
      targets: { lint: target, typecheck: target, build: { options: { command: ' ' } } },
    }
    expect(missingTargets(['libs/core'], [broken])).toEqual([
      expect.stringContaining('no target "test"'),
      expect.stringContaining('no target "build"'),
    ])
  })

  it('does not pass when no project was found', () => {
    expect(missingTargets([], [])).toHaveLength(1)
  })
})
