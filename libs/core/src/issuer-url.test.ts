import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { errorOf, wholeTextOf, withCode } from '../test/fixtures.ts'
import { isIssuerError } from './errors.ts'
import { isLoopbackHost, parseIssuerUrl, resolveIssuerUrl } from './issuer-url.ts'

describe('parseIssuerUrl', () => {
  it.each([
    'https://id.example.com',
    'https://id.example.com:8443',
    'https://id.example.com:80',
    'https://id.example.com/wid',
    'https://id.example.com/a/b-c/d.e',
    'https://id.example.com/Upper',
    'https://id.example.com/a/...',
    'https://id.example.com/@a+b=c~d_e',
    'https://localhost',
    'https://10.0.0.1',
    'https://[2001:db8::1]:8443',
    'https://xn--exmple-cua.com',
    'https://a_b.example.com',
    `https://id.example.com/${'a'.repeat(1000 - 'https://id.example.com/'.length)}`,
    'http://localhost',
    'http://localhost:8080',
    'http://127.0.0.1:8080/wid',
    'http://127.1.2.3',
    'http://127.255.255.254',
    'http://[::1]:8080',
  ])('accepts %s as it stands', (text) => {
    expect(parseIssuerUrl(text)).toBe(text)
  })

  it.each([
    ['no text', ''],
    ['white space only', ' '],
    ['a host without scheme', 'id.example.com'],
    ['a scheme without host', 'https://'],
    ['a scheme without slashes', 'https:id.example.com'],
    ['one slash', 'https:/id.example.com'],
    ['three slashes', 'https:///id.example.com'],
    ['a relative reference', '//id.example.com'],
    ['a scheme in upper case', 'HTTPS://id.example.com'],
    ['ftp', 'ftp://id.example.com'],
    ['file', 'file:///etc/passwd'],
    ['javascript', 'javascript:alert(1)'],
    ['wss', 'wss://id.example.com'],
    ['a user', 'https://user@id.example.com'],
    ['a user and password', 'https://user:pass@id.example.com'],
    ['empty userinfo', 'https://@id.example.com'],
    ['empty user and password', 'https://:@id.example.com'],
    ['a host that looks like userinfo', 'https://id.example.com@evil.example'],
    ['a query', 'https://id.example.com?a=b'],
    ['an empty query', 'https://id.example.com?'],
    ['an empty query after a path', 'https://id.example.com/wid?'],
    ['a fragment', 'https://id.example.com#a'],
    ['an empty fragment', 'https://id.example.com#'],
    ['the default port', 'https://id.example.com:443'],
    ['the default port of http', 'http://localhost:80'],
    ['an empty port', 'https://id.example.com:'],
    ['a port with a leading zero', 'https://id.example.com:08443'],
    ['a port over 65535', 'https://id.example.com:65536'],
    ['a port that is no number', 'https://id.example.com:https'],
    ['a trailing slash', 'https://id.example.com/'],
    ['a trailing slash after a path', 'https://id.example.com/wid/'],
    ['two trailing slashes', 'https://id.example.com//'],
    ['an empty segment', 'https://id.example.com/a//b'],
    ['a dot segment', 'https://id.example.com/a/./b'],
    ['two dots', 'https://id.example.com/a/../b'],
    ['two dots at the end', 'https://id.example.com/a/..'],
    ['an encoded dot segment', 'https://id.example.com/a/%2e%2e/b'],
    ['an encoded dot segment in upper case', 'https://id.example.com/a/%2E/b'],
    ['half an encoded dot segment', 'https://id.example.com/a/.%2e/b'],
    ['an encoded letter', 'https://id.example.com/%61'],
    ['an encoded slash', 'https://id.example.com/a%2fb'],
    ['a broken encoding', 'https://id.example.com/%zz'],
    ['a backslash', 'https://id.example.com\\wid'],
    ['backslashes instead of slashes', 'https:\\\\id.example.com'],
    ['a wildcard in the path', 'https://id.example.com/a*'],
    ['a route parameter in the path', 'https://id.example.com/:a'],
    ['a quote in the path', "https://id.example.com/'"],
    ['a non-ASCII path', 'https://id.example.com/ä'],
    ['an upper-case host', 'https://ID.example.com'],
    ['a unicode host', 'https://exämple.com'],
    ['a full-width host', 'https://ｉｄ.example.com'],
    ['an ideographic full stop', 'https://id。example.com'],
    ['an encoded host', 'https://%69d.example.com'],
    ['a soft hyphen in the host', 'https://i\u00add.example.com'],
    ['a dot at the end of the host', 'https://id.example.com.'],
    ['a dot at the beginning of the host', 'https://.example.com'],
    ['two dots in the host', 'https://id..example.com'],
    ['a wildcard host', 'https://*.example.com'],
    ['a quote in the host', 'https://id".example.com'],
    ['a brace in the host', 'https://{id}.example.com'],
    ['a leading space', ' https://id.example.com'],
    ['a trailing space', 'https://id.example.com '],
    ['a tab inside', 'https://id.exa\tmple.com'],
    ['a line feed inside', 'https://id.example.com/w\nid'],
    ['a line feed at the end', 'https://id.example.com\n'],
    ['a carriage return', 'https://id.example.com\r'],
    ['a NUL at the end', 'https://id.example.com\0'],
    ['a byte order mark', '\ufeffhttps://id.example.com'],
    ['http', 'http://id.example.com'],
    ['http to a private address', 'http://10.0.0.1'],
    ['http to every address', 'http://0.0.0.0'],
    ['http to every IPv6 address', 'http://[::]'],
    ['http to a short loopback address', 'http://127.1'],
    ['http to a decimal loopback address', 'http://2130706433'],
    ['http to a hexadecimal loopback address', 'http://0x7f.0.0.1'],
    ['http to an octal loopback address', 'http://0177.0.0.1'],
    ['http to a loopback address with a dot', 'http://127.0.0.1.'],
    ['http to a host that begins with localhost', 'http://localhost.evil.com'],
    ['http to a host that ends in localhost', 'http://evil-localhost'],
    ['http to a subdomain of localhost', 'http://evil.localhost'],
    ['http to a host that begins like a loopback address', 'http://127.0.0.1.evil.com'],
    ['http to localhost with a dot', 'http://localhost.'],
    ['http to a long IPv6 loopback', 'http://[0:0:0:0:0:0:0:1]'],
    ['http to an IPv4 in IPv6', 'http://[::ffff:127.0.0.1]'],
    ['http to an IPv6 that is not loopback', 'http://[2001:db8::1]'],
    ['an IPv6 address without brackets', 'https://::1'],
    ['an IPv6 address in upper case', 'https://[2001:DB8::1]'],
    ['an IPv6 address with zeros', 'https://[2001:0db8::1]'],
    ['an IPv6 zone', 'https://[fe80::1%25eth0]'],
    ['an IPv4 address in short form', 'https://10.1'],
    ['1001 characters', `https://id.example.com/${'a'.repeat(1001 - 'https://id.example.com/'.length)}`],
    ['a value that is no text', undefined as unknown as string],
  ])('refuses %s: %j', (_, text) => {
    expect(() => parseIssuerUrl(text)).toThrow(withCode('ERR_ISSUER_URL_INVALID'))
  })

  it('says what the canonical form would be, and does not use it', () => {
    expect(() => parseIssuerUrl('https://ID.example.com:443/a/../b/')).toThrow(
      'is not in canonical form: "https://ID.example.com:443/a/../b/" must be "https://id.example.com/b"',
    )
  })

  it.each([
    'https://user:hunter2@id.example.com',
    'https://user:hunter2@',
    'http://x:hunter2@h',
    'ftp://u:hunter2@h',
  ])('does not repeat the password of %s', async (text) => {
    expect(wholeTextOf(await errorOf(() => parseIssuerUrl(text)))).not.toContain('hunter2')
  })

  it('accepts nothing that a URL parser reads differently, whatever the text', () => {
    const part = fc.constantFrom(
      ...['https://', 'http://', 'localhost', '127.0.0.1', '[::1]', 'a', 'B', 'é', '.', '..'],
    )
    const separator = fc.constantFrom(
      ...['/', '//', ':', '443', '80', '@', '?', '#', '\\', '%2e', '\t', ' ', '*', ''],
    )
    const text = fc.oneof(
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.array(fc.oneof(part, separator), { maxLength: 8 }).map((parts) => parts.join('')),
      fc
        .array(fc.oneof(part, separator), { maxLength: 8 })
        .map((parts) => `https://id.example.com${parts.join('')}`),
    )
    let accepted = 0
    fc.assert(
      fc.property(text, (candidate) => {
        let parsed
        try {
          parsed = parseIssuerUrl(candidate)
        } catch (error) {
          expect(isIssuerError(error, 'ERR_ISSUER_URL_INVALID')).toBe(true)
          return
        }
        accepted += 1
        expect(parsed).toBe(candidate)
        expect(parseIssuerUrl(parsed)).toBe(candidate)
        const url = new URL(candidate)
        expect(url.href.replace(/\/$/, '')).toBe(candidate)
        expect([url.search, url.hash, url.username, url.password]).toEqual(['', '', '', ''])
      }),
      { numRuns: 1000 },
    )
    expect(accepted).toBeGreaterThan(20)
  })
})

describe('resolveIssuerUrl', () => {
  const explicit = 'https://id.example.com/wid'
  const registrationHostname = 'registered.example.com'
  const tlsNames = ['first.example.com', 'second.example.com']

  it.each([
    [{ explicit, registrationHostname, tlsNames }, explicit, 'explicit'],
    [{ explicit }, explicit, 'explicit'],
    [{ registrationHostname, tlsNames }, 'https://registered.example.com', 'registration'],
    [{ tlsNames }, 'https://first.example.com', 'tls-name'],
  ])('takes the first source of %j', (sources, issuerUrl, source) => {
    expect(resolveIssuerUrl(sources)).toEqual({ issuerUrl, source })
  })

  it.each([[{}], [{ tlsNames: [] }]])(
    'refuses %j, which has no source, with ERR_ISSUER_URL_UNRESOLVED',
    (sources) => {
      expect(() => resolveIssuerUrl(sources)).toThrow(withCode('ERR_ISSUER_URL_UNRESOLVED'))
    },
  )

  it.each([
    ['an explicit one that is empty', { explicit: '', registrationHostname, tlsNames }],
    ['an explicit one that is wrong', { explicit: 'http://id.example.com', registrationHostname, tlsNames }],
    ['a registration that is empty', { registrationHostname: '', tlsNames }],
    ['a registration in upper case', { registrationHostname: 'Registered.example.com', tlsNames }],
    ['a registration with a dot at the end', { registrationHostname: 'registered.example.com.', tlsNames }],
    ['a registration with a port', { registrationHostname: 'registered.example.com:8443', tlsNames }],
    ['a registration with a path', { registrationHostname: 'registered.example.com/wid', tlsNames }],
    ['a registration with userinfo', { registrationHostname: 'a@registered.example.com', tlsNames }],
    ['a registration with a query', { registrationHostname: 'registered.example.com?', tlsNames }],
    ['a registration with a backslash', { registrationHostname: 'registered.example.com\\a', tlsNames }],
    ['a registration with a line feed', { registrationHostname: 'registered.example.com\n', tlsNames }],
    ['a registration that is a URL', { registrationHostname: 'https://registered.example.com', tlsNames }],
    ['a registration that is an IPv6 address', { registrationHostname: '[::1]', tlsNames }],
    ['a first TLS name that is a wildcard', { tlsNames: ['*.example.com', 'second.example.com'] }],
    ['a first TLS name that is empty', { tlsNames: ['', 'second.example.com'] }],
    ['a first TLS name with a space', { tlsNames: ['first example.com', 'second.example.com'] }],
  ])('refuses %s and does not try the next', (_, sources) => {
    expect(() => resolveIssuerUrl(sources)).toThrow(withCode('ERR_ISSUER_URL_INVALID'))
  })
})

describe('isLoopbackHost', () => {
  it.each(['localhost', '127.0.0.1', '127.255.255.255', '[::1]'])('is true of %s', (hostname) => {
    expect(isLoopbackHost(hostname)).toBe(true)
  })
  it.each([
    '',
    '128.0.0.1',
    '1127.0.0.1',
    '127.0.0',
    '127.0.0.1.x',
    '::1',
    '[::2]',
    '0.0.0.0',
    'localhost.x',
    'Localhost',
  ])('is false of %j', (hostname) => {
    expect(isLoopbackHost(hostname)).toBe(false)
  })
})
