import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSameJson } from './json-equality.ts'

describe('isSameJson', () => {
  it.each([
    [
      { a: 1, b: [1, { c: null }] },
      { b: [1, { c: null }], a: 1 },
    ],
    [[], []],
    ['a', 'a'],
  ])('takes %j and %j for the same', (left, right) => {
    expect(isSameJson(left, right)).toBe(true)
  })

  it.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: '1' }],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: 1, b: 1 }, { a: 1 }],
    [{}, []],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    [null, {}],
    [{}, null],
    [0, false],
    [{ toString: 1 }, { valueOf: 1 }],
  ])('tells %j from %j', (left, right) => {
    expect(isSameJson(left, right)).toBe(false)
  })

  it('takes any JSON value for the same as its copy, and not when one number in it is another', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.integer(), (value, number) => {
        const copyOf = (inner: number) => JSON.parse(JSON.stringify([{ deep: [value, inner] }])) as unknown
        expect(isSameJson(copyOf(number), copyOf(number))).toBe(true)
        expect(isSameJson(copyOf(number), copyOf(number + 1))).toBe(false)
      }),
      { seed: 7, numRuns: 200 },
    )
  })
})
