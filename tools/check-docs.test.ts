import { describe, expect, it } from 'vitest'
import { comparePages } from './check-docs.ts'

describe('comparePages', () => {
  it('accepts pages that are what they have to be', () => {
    expect(comparePages([{ path: 'docs/a.md', text: 'one\n' }], () => 'one\n')).toEqual([])
  })

  it('names a page that is missing and how to make it', () => {
    const problems = comparePages([{ path: 'docs/a.md', text: 'one\n' }], () => undefined)
    expect(problems).toEqual(['docs/a.md is not there: run `npm run docs` and commit what it wrote'])
  })

  it('shows the first line that differs', () => {
    const [problem] = comparePages([{ path: 'docs/a.md', text: 'one\ntwo\nthree\n' }], () => 'one\n2\n3\n')
    expect(problem).toMatch(/^docs\/a\.md:2 is not what the sources say: run `npm run docs`/)
    expect(problem).toContain('\n  it has   2\n  it needs two')
  })

  it.each([
    ['more', 'one\ntwo\nthree\n'],
    ['less', 'one\n'],
  ])('sees a page that says %s', (_, committed) => {
    expect(comparePages([{ path: 'docs/a.md', text: 'one\ntwo\n' }], () => committed)).toHaveLength(1)
  })
})
