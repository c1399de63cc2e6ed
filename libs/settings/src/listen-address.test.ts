import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatListenAddress, isLoopback, listenAddress, parseListenAddress } from './listen-address.ts'

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:8080', '127.0.0.1', 8080],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['localhost:65535', 'localhost', 65_535],
    ['Node-1.Example.COM:1', 'node-1.example.com', 1],
    ['[::1]:7123', '::1', 7123],
    ['[0:0:0:0:0:0:0:1]:7123', '::1', 7123],
    ['[FD00::A]:1', 'fd00::a', 1],
  ])('reads %s as a TCP address', (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ kind: 'tcp', host, port })
  })

  it.each([
    ['unix:/run/wid/token.sock', '/run/wid/token.sock'],
    ['unix:data/token.sock', 'data/token.sock'],
    [`unix:/${'a'.repeat(102)}`, `/${'a'.repeat(102)}`],
  ])('reads %s as a Unix socket', (text, path) => {
    expect(parseListenAddress(text)).toEqual({ kind: 'unix', path })
  })

  it.each([
    '',
    '8080',
    ':8080',
    '127.0.0.1',
    '127.0.0.1:',
    '127.0.0.1:-1',
    '127.0.0.1:080',
    '127.0.0.1:1e3',
    '127.0.0.1:80 ',
    ' 127.0.0.1:80',
    '127.0.0.1:100000',
    '::1:8080',
    '[::1]',
    '[127.0.0.1]:80',
    '[localhost]:80',
    '[fe80::1%eth0]:80',
    '127.1:80',
    '256.0.0.1:80',
    '0x7f000001:80',
    'host.0x1:80',
    '-host:80',
    'host-:80',
    'a..b:80',
    'ho_st:80',
    'http://127.0.0.1:80',
    `${'a'.repeat(64)}:80`,
    '*:80',
  ])('refuses %j', (text) => {
    expect(() => parseListenAddress(text)).toThrow('must be <host>:<port>')
  })

  it('refuses port 65536', () => {
    expect(() => parseListenAddress('127.0.0.1:65536')).toThrow('must have a port from 0 to 65535')
  })

  it.each([
    ['unix:', 'must name a path'],
    ['unix:a\0b', 'must name a path'],
    ['unix:///run/a.sock', 'without //'],
    [`unix:/${'a'.repeat(103)}`, 'at most 103 bytes'],
    [`unix:/${'é'.repeat(52)}`, 'at most 103 bytes'],
  ])('refuses the socket %j', (text, message) => {
    expect(() => parseListenAddress(text)).toThrow(message)
  })
})

describe('formatListenAddress', () => {
  it.each(['127.0.0.1:8080', 'localhost:0', '[::1]:7123', 'unix:/run/a.sock'])('gives %s back', (text) => {
    expect(formatListenAddress(parseListenAddress(text))).toBe(text)
  })

  it('is the inverse of parseListenAddress for every IP address and port', () => {
    const ips = fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
    )
    fc.assert(
      fc.property(ips, fc.integer({ min: 0, max: 65_535 }), (ip, port) => {
        const address = parseListenAddress(`${ip}:${port}`)
        expect(parseListenAddress(formatListenAddress(address))).toEqual(address)
      }),
    )
  })
})

describe('isLoopback', () => {
  it.each([
    ['127.0.0.1:1', true],
    ['127.9.9.9:1', true],
    ['localhost:1', true],
    ['LOCALHOST:1', true],
    ['[::1]:1', true],
    ['[::ffff:127.0.0.1]:1', true],
    ['unix:/run/a.sock', true],
    ['0.0.0.0:1', false],
    ['[::]:1', false],
    ['10.0.0.1:1', false],
    ['localhost.example.com:1', false],
    ['127.example.com:1', false],
  ])('says of %s: %s', (text, expected) => {
    expect(isLoopback(parseListenAddress(text))).toBe(expected)
  })
})

describe('listenAddress', () => {
  it('gives the parsed address', () => {
    expect(listenAddress().parse('[::1]:0')).toEqual({ kind: 'tcp', host: '::1', port: 0 })
  })
})
