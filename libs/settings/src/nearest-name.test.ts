import { describe, expect, it } from 'vitest'
import { nearestName } from './nearest-name.ts'

const names = ['--issuer-url', '--store', '--store-lag', '--tls-key']

describe('nearestName', () => {
  it.each([
    ['--isuer-url', '--issuer-url'],
    ['--issuer-ulr', '--issuer-url'],
    ['--Issuer-URL', '--issuer-url'],
    ['-issuer-url', '--issuer-url'],
    ['--stroe', '--store'],
    ['--store-lags', '--store-lag'],
  ])('takes %s for %s', (text, expected) => {
    expect(nearestName(text, names)).toBe(expected)
  })

  it.each(['--verbose', '--x', '', 'a'.repeat(10_000)])(
    'finds nothing for what is too far away (%#)',
    (text) => {
      expect(nearestName(text, names)).toBeUndefined()
    },
  )

  it('accepts a distance of a third of the length and not one more', () => {
    expect(nearestName('abcdxx', ['abcdef'])).toBe('abcdef')
    expect(nearestName('abcxxx', ['abcdef'])).toBeUndefined()
  })
})
