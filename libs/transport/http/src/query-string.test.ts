import { describe, expect, it } from 'vitest'
import { parseQuery } from './query-string.ts'

describe('parseQuery', () => {
  it.each([
    ['/a', {}],
    ['/a?', {}],
    ['/a?&&', {}],
    ['/a?b', { b: '' }],
    ['/a?b=', { b: '' }],
    ['/a?b=c=d', { b: 'c=d' }],
    ['/a?b=c&b=d&b=e', { b: ['c', 'd', 'e'] }],
    ['/a?b=c+d%2B%26', { b: 'c d+&' }],
    ['/a?%62=c', { b: 'c' }],
    ['/a?b=?', { b: '?' }],
  ])('reads %s', (target, expected) => {
    expect({ ...parseQuery(target) }).toEqual(expected)
  })

  it('has no names but those that were given', () => {
    const parameters = parseQuery('/a?__proto__=b')
    expect(Object.keys(parameters)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(parameters)).toBe(null)
  })

  it.each(['/a?b=%', '/a?b=%2', '/a?%zz=c', '/a?b=%ff'])('refuses %s', (target) => {
    expect(() => parseQuery(target)).toThrow('the query has a broken percent-escape')
  })
})
