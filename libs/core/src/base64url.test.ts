import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBase64, encodeBase64Url, encodeTextBase64Url } from './base64url.ts'

describe('encodeBase64Url', () => {
  // RFC 4648 §10, without padding.
  it.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('encodes %j as %j', (text, expected) => {
    expect(encodeBase64Url(new TextEncoder().encode(text))).toBe(expected)
  })

  it('uses the characters that are safe in a URL', () => {
    expect(encodeBase64Url(Uint8Array.of(0xfb, 0xff, 0xfe))).toBe('-__-')
  })

  it('is undone by decodeBase64', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64(encodeBase64Url(bytes))).toEqual(Uint8Array.from(bytes))
      }),
    )
  })
})

describe('encodeTextBase64Url', () => {
  it.each(['', 'f', 'fo', '{"sub":"a~b"}', 'a\nb\x7fc\0', 'größe', '\u00ff', '𝕏 ✓', '?>~'])(
    'encodes the UTF-8 of %j',
    (text) => {
      expect(encodeTextBase64Url(text)).toBe(Buffer.from(text).toString('base64url'))
    },
  )
})

describe('decodeBase64', () => {
  it.each([
    ['-__-', [0xfb, 0xff, 0xfe]],
    ['+//+', [0xfb, 0xff, 0xfe]],
    ['Zg==', [0x66]],
    ['Zg', [0x66]],
    ['', []],
  ])('decodes %j, of either alphabet, padded or not', (text, expected) => {
    expect([...(decodeBase64(text) ?? [])]).toEqual(expected)
  })

  it.each(['Z', 'Zg===', 'Z=g=', 'Zm9v\n', ' Zm9v', 'Zm9v!', 'Zm9vZ'])('gives undefined for %j', (text) => {
    expect(decodeBase64(text)).toBeUndefined()
  })
})
