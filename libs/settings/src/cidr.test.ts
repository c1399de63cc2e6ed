import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cidr, parseCidr } from './cidr.ts'

describe('parseCidr', () => {
  it.each([
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3/32', '10.1.2.3/32'],
    ['10.1.2.2/31', '10.1.2.2/31'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['::1', '::1'],
    ['FD00:0:0::/8', 'fd00::/8'],
    ['2001:db8::1/128', '2001:db8::1/128'],
    ['::/0', '::/0'],
  ])('reads %s as %s', (text, expected) => {
    expect(parseCidr(text)).toBe(expected)
  })

  it.each([
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '10.0.0.0/255.0.0.0',
    '10.0.0/8',
    '10/8',
    'localhost',
    '[::1]',
    ' 10.0.0.1',
    'fe80::%eth0/10',
  ])('refuses %j', (text) => {
    expect(() => parseCidr(text)).toThrow('must be an IP address or a range')
  })

  it.each([
    ['10.0.0.0/33', 'from 0 to 32'],
    ['::/129', 'from 0 to 128'],
  ])('refuses %s, as its prefix is too long', (text, message) => {
    expect(() => parseCidr(text)).toThrow(message)
  })

  it.each(['10.1.2.3/8', '10.1.2.3/31', '128.0.0.0/0', 'fd00::1/127', '2001:db8::/16'])(
    'refuses %s, which has bits beyond its prefix',
    (text) => {
      expect(() => parseCidr(text)).toThrow('must have only zero bits after the first')
    },
  )

  it('reads its own canonical text back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (ip) => {
        const canonical = parseCidr(ip)
        expect(parseCidr(canonical)).toBe(canonical)
      }),
    )
  })
})

describe('cidr', () => {
  it('gives the canonical text', () => {
    expect(cidr().parse('FD00::/8')).toBe('fd00::/8')
  })
})
