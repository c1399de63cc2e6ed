import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createFindClientAddress } from './client-address.ts'

function find(trusted: readonly string[], peer: string | undefined, headers: Record<string, string> = {}) {
  const request = { socket: { remoteAddress: peer }, headers } as unknown as IncomingMessage
  return createFindClientAddress(trusted)(request)
}

describe('createFindClientAddress', () => {
  it('gives the peer when it is no proxy, whatever it says', () => {
    const headers = { 'x-forwarded-for': '192.0.2.1' }
    expect(find([], '10.0.0.1', headers)).toBe('10.0.0.1')
    expect(find(['10.1.0.0/16'], '10.0.0.1', headers)).toBe('10.0.0.1')
    expect(find([], '::ffff:10.0.0.1')).toBe('10.0.0.1')
    expect(find(['10.0.0.0/8'], undefined, headers)).toBe('unix')
  })

  it.each([
    ['x-forwarded-for', '192.0.2.1', '192.0.2.1'],
    ['x-forwarded-for', '203.0.113.9, 192.0.2.1', '192.0.2.1'],
    ['x-forwarded-for', '192.0.2.1, 10.0.0.2', '192.0.2.1'],
    ['x-forwarded-for', '10.0.0.3,10.0.0.2', '10.0.0.3'],
    ['x-forwarded-for', '192.0.2.1:4711', '192.0.2.1'],
    ['x-forwarded-for', '[2001:db8::1]:4711', '2001:db8::1'],
    ['x-forwarded-for', '192.0.2.1, nonsense', '10.0.0.1'],
    ['x-forwarded-for', '', '10.0.0.1'],
    ['forwarded', 'for=192.0.2.1;proto=https', '192.0.2.1'],
    ['forwarded', 'proto=https;For="[2001:db8::1]:4711"', '2001:db8::1'],
    ['forwarded', 'for=203.0.113.9, for=192.0.2.1', '192.0.2.1'],
    ['forwarded', 'for=unknown', '10.0.0.1'],
    ['forwarded', 'by=192.0.2.1', '10.0.0.1'],
  ])('reads %s: %s behind a proxy', (header, value, expected) => {
    expect(find(['10.0.0.0/8', 'fd00::/8'], '10.0.0.1', { [header]: value })).toBe(expected)
    expect(find(['10.0.0.1', '10.0.0.2', '10.0.0.3'], '10.0.0.1', { [header]: value })).toBe(expected)
  })

  it('believes neither header when both are there', () => {
    const headers = { 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1' }
    expect(find(['10.0.0.1'], '10.0.0.1', headers)).toBe('10.0.0.1')
  })

  it.each(['', 'example.com', '10.0.0.0/33', '10.0.0.0/8/8'])('refuses the proxy %j', (entry) => {
    expect(() => createFindClientAddress([entry])).toThrow(RangeError)
  })
})
