import { describe, expect, it } from 'vitest'
import { anchorsOf, codeBlocks, withoutCode } from './markdown.ts'

const fence = '```'

describe('codeBlocks', () => {
  it('gives each block with its language and the line its code begins on', () => {
    const text = ['# a', `${fence}ts`, 'const a = 1', '', 'a', fence, 'text', '~~~~', fence, '~~~~'].join(
      '\n',
    )
    expect(codeBlocks(text)).toEqual([
      { language: 'ts', line: 3, code: 'const a = 1\n\na' },
      { language: '', line: 9, code: fence },
    ])
  })
})

describe('withoutCode', () => {
  it('blanks code and keeps the lines', () => {
    const text = ['[a](b)', `${fence}ts`, '[c](d)', fence, 'see `[e](f)` and [g](h)'].join('\n')
    expect(withoutCode(text).split('\n')).toEqual(['[a](b)', '', '', '', 'see          and [g](h)'])
  })
})

describe('anchorsOf', () => {
  it('makes anchors as GitHub does', () => {
    const text = [
      '# The `ring`, whole',
      '## Why?',
      '## Why?',
      '<a id="x"></a>',
      `${fence}sh`,
      '# no',
      fence,
    ].join('\n')
    expect([...anchorsOf(text)]).toEqual(['the-ring-whole', 'why', 'why-1', 'x'])
  })
})
