import { describe, expect, it } from 'vitest'
import { findBrokenLinks } from './check-links.ts'

const files = ['README.md', 'docs/a.md', 'docs/adr/0001-b.md', 'libs/core/src/index.ts']
const page = (text: string) => [
  { path: 'docs/a.md', text },
  { path: 'README.md', text: '# Start here\n' },
]

describe('findBrokenLinks', () => {
  it.each([
    '[a](../README.md)',
    '[a](../README.md#start-here)',
    '[a](adr/)',
    '[a](./adr/0001-b.md "title")',
    '# Here\n[a](#here)',
    '[code](../libs/core/src/index.ts#L3)',
    '[web](https://example.com/x#y) <mailto:a@example.com>',
    '[a]: ../README.md',
    '`[a](gone.md)`',
    '![picture](../libs)',
  ])('accepts %s', (text) => {
    expect(findBrokenLinks(page(text), files)).toEqual([])
  })

  it.each([
    '[a](gone.md)',
    '[a](../README.md#gone)',
    '[a](#gone)',
    '[a](/docs/a.md)',
    '[a]: gone.md',
    '![a](gone.png)',
  ])('refuses %s', (text) => {
    expect(findBrokenLinks(page(text), files)).toEqual([expect.stringContaining('docs/a.md:1 links to')])
  })
})
