import { describe, expect, it } from 'vitest'
import { findQuotedTests, judgeQuotedTests } from './check-quoted-tests.ts'

const markdown = '| a | “does it” ([words](../a.test.ts)), “and that” ([more](../b.test.ts)) |'

describe('findQuotedTests', () => {
  it('finds each sentence with its file', () => {
    expect(findQuotedTests(markdown)).toEqual([
      { sentence: 'does it', file: '../a.test.ts' },
      { sentence: 'and that', file: '../b.test.ts' },
    ])
  })
})

describe('judgeQuotedTests', () => {
  it('names a sentence that is not in its file, and a file that is not there', () => {
    const read = (file: string) => (file === '../a.test.ts' ? "it('does something else')" : undefined)
    expect(judgeQuotedTests(findQuotedTests(markdown), read)).toEqual([
      'there is no test “does it” in ../a.test.ts',
      '../b.test.ts does not exist',
    ])
  })

  it('is content when every sentence stands in its file', () => {
    expect(judgeQuotedTests(findQuotedTests(markdown), () => "it('does it') it('and that')")).toEqual([])
  })
})
