import { describe, expect, it } from 'vitest'
import { withoutSecrets } from './without-secrets.ts'

const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0aaaa.c2lnbmF0dXJlLW9mLXRva2Vu'

describe('withoutSecrets', () => {
  it('leaves a sentence as it is', () => {
    const sentence = 'the app of s1 is web.example.com, not api'
    expect(withoutSecrets(sentence, 'bearer')).toBe(sentence)
  })

  it.each([
    ['the bearer', 'no runner has hunter2 (hunter2)', 'no runner has … (…)'],
    ['a secret of a sandbox', 'no wis_AAAAAAAAAAAAAAAA here', 'no … here'],
    ['a secret of a runner', 'no wir_AAAAAAAAAAAAAAAA here', 'no … here'],
    ['an admin token', 'no wia_AAAAAAAAAAAAAAAA here', 'no … here'],
    ['a JWT', `no ${jwt} here`, 'no … here'],
  ])('leaves out %s', (_, sentence, clean) => {
    expect(withoutSecrets(sentence, 'hunter2')).toBe(clean)
  })

  it.each([
    [500, 500],
    [501, 501],
    [1_000_000, 501],
  ])('shortens a sentence of %i characters to %i', (length, shortened) => {
    expect(withoutSecrets('a'.repeat(length), undefined)).toHaveLength(shortened)
  })
})
