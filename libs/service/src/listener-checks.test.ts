import { parseListenAddress } from '@workload-identity/settings'
import { describe, expect, it } from 'vitest'
import { findPlaintextProblems, findSharedAddresses, findTlsProblems, toTlsPaths } from './listener-checks.ts'

const guarded = (address: string) => ({
  address: parseListenAddress(address),
  hasTls: false,
  isPlaintextAllowed: false,
  name: 'token',
  tlsFlags: '--tls-cert and --tls-key',
})

describe('findPlaintextProblems', () => {
  it('refuses plain text beyond loopback, naming both ways out', () => {
    expect(findPlaintextProblems(guarded('0.0.0.0:7123'))).toEqual([
      '0.0.0.0:7123 is beyond loopback and would carry secrets in plain text: give --tls-cert and --tls-key, or --allow-plaintext token when something else protects the traffic',
    ])
  })

  it.each([
    ['loopback', guarded('127.0.0.1:7123')],
    ['a socket', guarded('unix:/run/token.sock')],
    ['TLS', { ...guarded('0.0.0.0:7123'), hasTls: true }],
    ['what is allowed', { ...guarded('0.0.0.0:7123'), isPlaintextAllowed: true }],
  ])('accepts %s', (_, listener) => {
    expect(findPlaintextProblems(listener)).toEqual([])
  })
})

describe('findSharedAddresses', () => {
  it('names an address that two listeners have', () => {
    const addresses = ['127.0.0.1:1', 'unix:/a', '127.0.0.1:1'].map(parseListenAddress)
    expect(findSharedAddresses(addresses)).toEqual([
      'two listeners have the address 127.0.0.1:1; each needs its own',
    ])
  })

  it('takes port 0 as another address each time', () => {
    expect(findSharedAddresses(['127.0.0.1:0', '127.0.0.1:0'].map(parseListenAddress))).toEqual([])
  })
})

describe('findTlsProblems', () => {
  it('refuses one file without the other, and a file that is not there', () => {
    expect(findTlsProblems(undefined, undefined)).toEqual([])
    expect(findTlsProblems('/c', undefined)).toEqual([
      'a certificate and its private key belong together: give both or neither',
    ])
    expect(findTlsProblems('/nowhere/c', '/nowhere/k')).toEqual(['/nowhere/c cannot be read (ENOENT)'])
  })
})

describe('toTlsPaths', () => {
  it('gives the files only when both are named', () => {
    expect(toTlsPaths('/c', '/k')).toEqual({ certPath: '/c', keyPath: '/k' })
    expect(toTlsPaths('/c', undefined)).toBeUndefined()
  })
})
