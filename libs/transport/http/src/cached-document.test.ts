import { describe, expect, it } from 'vitest'
import { matchesEntityTag, toCachedDocument } from './cached-document.ts'

describe('matchesEntityTag', () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['*', true],
    [' * ', true],
    ['"b", "a"', true],
    ['"b",W/"a"', true],
    [undefined, false],
    ['', false],
    ['a', false],
    ['"A"', false],
    ['"b"', false],
    ['"b, *"', false],
    ['"xa", "ay"', false],
  ])('compares %s with "a": %s', (header, expected) => {
    expect(matchesEntityTag(header, '"a"')).toBe(expected)
  })
})

describe('toCachedDocument', () => {
  it('gives the bytes and their SHA-256 as a strong entity tag', () => {
    const document = toCachedDocument({ a: 1 }, 'application/json')
    expect(document.body.toString()).toBe('{"a":1}')
    expect(document.etag).toBe('"AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX-GI"')
    expect(toCachedDocument({ a: 1 }, 'application/json').etag).toBe(document.etag)
  })
})
