import { describe, expect, it } from 'vitest'
import { formatErrorReference, readDocumentedCodes } from './error-reference.ts'

const source = `
/** Other. */
export type Other = 'x' | 'y'

/** Every way to fail. */
export type Code =
  // first group
  /** It is 'this'. */
  | 'ERR_ONE'
  /** It is
   * that. */
  | 'ERR_TWO'
  // second group
  /** Else. */
  | 'ERR_THREE'
`

describe('readDocumentedCodes', () => {
  it('gives the codes with their meaning and group', () => {
    expect(readDocumentedCodes(source, 'Code')).toEqual([
      { code: 'ERR_ONE', meaning: "It is 'this'.", group: 'first group' },
      { code: 'ERR_TWO', meaning: 'It is that.', group: 'first group' },
      { code: 'ERR_THREE', meaning: 'Else.', group: 'second group' },
    ])
  })

  it('refuses a code without a meaning, and a union that is not there', () => {
    expect(() => readDocumentedCodes(source, 'Other')).toThrow('x has no doc comment')
    expect(() => readDocumentedCodes(source, 'Missing')).toThrow('no union Missing')
  })
})

describe('formatErrorReference', () => {
  it('has a table for each group, with the answer of each code', () => {
    const codes = readDocumentedCodes(source, 'Code')
    const page = formatErrorReference(codes, () => ({ status: 409, error: 'conflict' }))
    expect(page).toContain('## First group\n')
    expect(page).toContain('| `ERR_THREE` | Else. | 409 `conflict` |')
  })
})
