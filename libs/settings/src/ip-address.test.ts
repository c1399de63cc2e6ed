import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLoopbackAddress, toAddressBits, toIpAddress } from './ip-address.ts'

describe('toIpAddress', () => {
  it.each([
    ['127.0.0.1', 4, '127.0.0.1'],
    ['255.255.255.255', 4, '255.255.255.255'],
    ['::1', 6, '::1'],
    ['0:0:0:0:0:0:0:1', 6, '::1'],
    ['2001:DB8:0:0:1:0:0:1', 6, '2001:db8::1:0:0:1'],
    ['::ffff:10.0.0.1', 6, '::ffff:a00:1'],
  ])('reads %s', (text, family, canonical) => {
    expect(toIpAddress(text)).toEqual({ family, text: canonical })
  })

  it.each([
    '',
    'localhost',
    '127.1',
    '256.0.0.1',
    '127.0.0.01',
    '0x7f.0.0.1',
    '2130706433',
    '1.2.3.4 ',
    'fe80::1%eth0',
    '[::1]',
    ':::',
    '1::2::3',
    '12345::',
  ])('refuses %j', (text) => {
    expect(toIpAddress(text)).toBeUndefined()
  })

  it('gives every IPv6 address the text its own text is read as', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const address = toIpAddress(text)
        expect(toIpAddress(address?.text ?? '')).toEqual(address)
      }),
    )
  })
})

describe('toAddressBits', () => {
  it.each([
    ['0.0.0.0', 0n],
    ['10.1.2.3', 0x0a010203n],
    ['255.255.255.255', 0xffffffffn],
    ['::', 0n],
    ['::1', 1n],
    ['fd00::', 0xfdn << 120n],
    ['2001:db8::1:0:0:1', 0x20010db8000000000001000000000001n],
    ['1:2:3:4:5:6:7:8', 0x00010002000300040005000600070008n],
  ])('gives the bits of %s', (text, bits) => {
    const address = toIpAddress(text)
    expect(address && toAddressBits(address)).toBe(bits)
  })
})

describe('isLoopbackAddress', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.255.255.255', true],
    ['126.255.255.255', false],
    ['128.0.0.0', false],
    ['::1', true],
    ['::2', false],
    ['::', false],
    ['::ffff:127.0.0.1', true],
    ['::ffff:126.0.0.1', false],
    ['::ffff:128.0.0.1', false],
    ['0.0.0.0', false],
  ])('says of %s: %s', (text, expected) => {
    const address = toIpAddress(text)
    expect(address && isLoopbackAddress(address)).toBe(expected)
  })
})
