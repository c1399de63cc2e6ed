import { describe, expect, it } from 'vitest'
import { hashBearerToken, parseBearerToken } from './bearer.ts'

const parse = (...values: string[]) =>
  parseBearerToken({ rawHeaders: ['Host', 'x', ...values.flatMap((value) => ['AUTHORIZATION', value])] })

describe('parseBearerToken', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer  a-._~+/9==', 'a-._~+/9=='],
    [`BEARER ${'a'.repeat(1000)}`, 'a'.repeat(1000)],
  ])('takes %s', (value, token) => {
    expect(parse(value)).toBe(token)
  })

  it.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer\tabc',
    ' Bearer abc',
    'Bearer abc ',
    'Bearer a b',
    'Bearer =a',
    'Bearer a=b',
    'Bearer ä',
    'Bearerabc',
    'Token abc',
    `Bearer ${'a'.repeat(1001)}`,
  ])('refuses %j with 401', (value) => {
    expect(() => parse(value)).toThrow('Authorization must be "Bearer", a space and one secret')
  })

  it('refuses a missing header and a second one', () => {
    expect(() => parse()).toThrow('is missing')
    expect(() => parse('Bearer a', 'Bearer a')).toThrow('Authorization is given more than once')
  })

  it('does not take the value of another header for one', () => {
    expect(() => parseBearerToken({ rawHeaders: ['X', 'authorization', 'Bearer a', 'b'] })).toThrow(
      'is missing',
    )
  })
})

describe('hashBearerToken', () => {
  it('gives the SHA-256 in lower-case hexadecimal digits', () => {
    expect(hashBearerToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})
