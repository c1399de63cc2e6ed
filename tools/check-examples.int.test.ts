import { describe, expect, it } from 'vitest'
import { compileExamples, findExamples, isExamplePage } from './check-examples.ts'
import { repositoryRoot } from './repository.ts'

const fence = '```'
const page = (...code: readonly string[]) => ({
  path: 'docs/a.md',
  text: ['# Title', '', `${fence}ts`, ...code, fence, '', `${fence}sh`, 'no code', fence].join('\n'),
})

describe('isExamplePage', () => {
  it('takes the pages readers paste from', () => {
    const pages = [
      'README.md',
      'docs/adr/1.md',
      'libs/key-store/sqlite/README.md',
      'tools/README.md',
      'CONTRIBUTING.md',
    ]
    expect(pages.map(isExamplePage)).toEqual([true, true, true, false, false])
  })
})

describe('compileExamples', () => {
  it(
    'accepts an example that imports a package of the workspace from its sources',
    { timeout: 60_000 },
    () => {
      const examples = findExamples([
        page(
          `import { IssuerError } from '@workload-identity/core'`,
          `const e = await Promise.resolve(IssuerError)`,
        ),
        page(`const e = 1`),
      ])
      expect(compileExamples(repositoryRoot, examples)).toEqual([])
    },
  )

  it(
    'names the line of the page for a name that is not exported and for a wrong type',
    { timeout: 60_000 },
    () => {
      const examples = findExamples([
        page(`import { gone } from '@workload-identity/core'`, `export const n: number = 'text'`),
      ])
      expect(compileExamples(repositoryRoot, examples)).toEqual([
        expect.stringMatching(/^docs\/a\.md:4:10 error TS2305: .*gone/),
        expect.stringMatching(/^docs\/a\.md:5:14 error TS2322: /),
      ])
    },
  )
})
