import { describe, expect, it } from 'vitest'
import { parseJsonBody } from './json-body.ts'

const parse = (text: string) => parseJsonBody(Buffer.from(text))

describe('parseJsonBody', () => {
  it.each([
    '{}',
    '{"a":{"b":1},"c":{"b":2}}',
    '[{"a":1},{"a":2}]',
    '{"a":"a","b":"\\"a\\":"}',
    '{"a":["a","a"],"b":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a":"__proto__"}',
    '{"a" : "\\\\" , "b" :\n"\\\\\\""}',
    '"a:"',
  ])('reads %s like any other parser', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  it('gives undefined for an empty body', () => {
    expect(parse('')).toBe(undefined)
  })

  it.each([
    ['{"a":1,"a":1}', 'a'],
    ['{"a":1 , "a" \n:1}', 'a'],
    ['{"a":{},"b":[{"c":1,"d":{"c":1},"c":2}]}', 'c'],
    ['{"a":"}","a":1}', 'a'],
    ['{"\\"":1,"\\u0022":2}', '\\"'],
  ])('refuses %s, naming the property', (text, name) => {
    expect(() => parse(text)).toThrow(`the property "${name}" of the body is given twice`)
  })

  it.each(['{"__proto__":1}', '{"a":{"\\u005f_proto__":1}}'])('refuses %s', (text) => {
    expect(() => parse(text)).toThrow('a property of the body is named "__proto__"')
  })

  it('does not repeat a body that is no JSON', () => {
    expect(() => parse('{"secret":wis_marker}')).toThrow(/^the body is not JSON$/)
  })
})
