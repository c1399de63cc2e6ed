import { describe, expect, it } from 'vitest'
import { judgeSizes } from './check-file-size.ts'

const file = (path: string, lines: number) => ({ path, text: 'x\n'.repeat(lines) })

describe('judgeSizes', () => {
  it.each([
    [250, 0, 0],
    [251, 0, 1],
    [400, 0, 1],
    [401, 1, 0],
  ])('finds for %i lines %i problems and %i warnings', (lines, problems, warnings) => {
    const findings = judgeSizes([file('libs/a/src/a.ts', lines)], {})
    expect(findings.problems).toHaveLength(problems)
    expect(findings.warnings).toHaveLength(warnings)
  })

  it('only warns about a long test', () => {
    const findings = judgeSizes([file('libs/a/src/a.test.ts', 401)], {})
    expect(findings.problems).toEqual([])
    expect(findings.warnings).toHaveLength(1)
  })

  it('accepts a long file that has a reason, and refuses a reason without a file', () => {
    expect(judgeSizes([file('libs/a/src/a.ts', 401)], { 'libs/a/src/a.ts': 'a table' }).problems).toEqual([])
    expect(judgeSizes([], { 'libs/a/src/a.ts': 'a table' }).problems).toHaveLength(1)
  })
})
