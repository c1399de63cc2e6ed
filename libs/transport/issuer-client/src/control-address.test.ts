import { describe, expect, it } from 'vitest'
import { parseControlAddress } from './control-address.ts'

describe('parseControlAddress', () => {
  it.each([
    ['http://127.0.0.1:7124', { origin: 'http://127.0.0.1:7124', isTls: false, isExposed: false }],
    ['http://localhost/', { origin: 'http://localhost', isTls: false, isExposed: false }],
    ['http://[::1]:7124', { origin: 'http://[::1]:7124', isTls: false, isExposed: false }],
    ['http://issuer.internal:7124', { origin: 'http://issuer.internal:7124', isTls: false, isExposed: true }],
    ['http://10.0.0.1', { origin: 'http://10.0.0.1', isTls: false, isExposed: true }],
    ['HTTPS://Issuer:443', { origin: 'https://issuer', isTls: true, isExposed: false }],
    [
      'unix:/run/c.sock',
      { origin: 'http://localhost', socketPath: '/run/c.sock', isTls: false, isExposed: false },
    ],
  ])('reads %s', (text, address) => {
    expect(parseControlAddress(text)).toEqual(address)
  })

  it.each([
    ...[
      '',
      'issuer',
      'issuer:7124',
      '127.0.0.1:7124',
      'ftp://issuer',
      'http://',
      'http:/issuer',
      'http:issuer',
    ],
    ...['https://issuer/v1', 'https://issuer//', 'https://issuer?', 'https://issuer#', 'https://issuer/?a=1'],
    ...['https://user@issuer', 'https://user:secret@issuer', 'https://@issuer', 'https://issuer:99999'],
    ...[' https://issuer', 'https://issuer ', 'https:\\\\issuer', 'unix:', 'unix:run/c.sock', 'unix:/a\0b'],
  ])('refuses %j with ERR_REQUEST_INVALID, without repeating it', (text) => {
    expect(() => parseControlAddress(text)).toThrow(
      expect.objectContaining({
        code: 'ERR_REQUEST_INVALID',
        message: expect.not.stringContaining('secret@'),
      }),
    )
  })
})
