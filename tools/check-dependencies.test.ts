import { describe, expect, it } from 'vitest'
import { compareDependencies, compareVersions } from './check-dependencies.ts'
import type { Manifest } from './repository.ts'

const root: Manifest = { name: 'root', version: '1.0.0', devDependencies: { vitest: '5.1.1' } }
const source = (text: string) => ({ path: 'libs/a/src/a.ts', text })
const test = (text: string) => ({ path: 'libs/a/src/a.test.ts', text })
const project = (manifest: Partial<Manifest>) => ({
  folder: 'libs/a',
  manifest: { name: '@x/a', ...manifest },
})

describe('compareDependencies', () => {
  it('accepts what is declared where it is used, without Node, itself and the tools of the root', () => {
    const manifest = { dependencies: { jose: '^6' }, devDependencies: { undici: '^8', '@types/jose': '1' } }
    const files = [
      source(`import 'jose/errors'\nimport 'node:fs'\nimport './b.ts'`),
      test(`import 'undici'\nimport 'vitest'\nimport '@x/a/testing'`),
    ]
    expect(compareDependencies(project(manifest), files, root)).toEqual([])
  })

  it('names an import that is not declared', () => {
    expect(compareDependencies(project({}), [source(`import 'jose'`)], root)).toEqual([
      'libs/a/package.json lacks "jose" in dependencies, which its sources import',
    ])
  })

  it('does not let a source use what is declared for tests', () => {
    const found = compareDependencies(
      project({ devDependencies: { jose: '^6' } }),
      [source(`import 'jose'`)],
      root,
    )
    expect(found).toContain('libs/a/package.json lacks "jose" in dependencies, which its sources import')
  })

  it('names an import of a test that is declared nowhere', () => {
    expect(compareDependencies(project({}), [test(`import 'jose'`)], root)).toEqual([
      'libs/a/package.json lacks "jose" in devDependencies, which its tests import',
    ])
  })

  it('names what nothing imports, and what only tests import', () => {
    const manifest = { dependencies: { jose: '^6', fastify: '^5' }, devDependencies: { undici: '^8' } }
    expect(compareDependencies(project(manifest), [test(`import 'jose'`)], root)).toEqual([
      'libs/a/package.json has "jose" in dependencies, but only tests import it: move it to devDependencies',
      'libs/a/package.json declares "fastify", which nothing imports',
      'libs/a/package.json declares "undici" in devDependencies, which no test imports',
    ])
  })
})

describe('compareVersions', () => {
  it('names a sibling, a package and an own version that differ', () => {
    const a = project({ version: '1.0.0', dependencies: { '@x/b': '1.0.0', jose: '^6.0.0' } })
    const b = {
      folder: 'libs/b',
      manifest: { name: '@x/b', version: '1.0.0', dependencies: { jose: '^6.0.0' } },
    }
    expect(compareVersions([a, b], root)).toEqual([])
    const wrong = {
      folder: 'libs/c',
      manifest: { name: '@x/c', version: '1.1.0', dependencies: { '@x/b': '^1.0.0', jose: '^5.0.0' } },
    }
    expect(compareVersions([a, b, wrong], root)).toHaveLength(3)
  })
})
