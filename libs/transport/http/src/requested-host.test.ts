import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { createFindRequestedHost } from './requested-host.ts'

const find = createFindRequestedHost(['10.0.0.0/8', '::1'])
const from = (remoteAddress: string | undefined, headers: IncomingMessage['headers']) =>
  find({ socket: { remoteAddress }, headers } as unknown as IncomingMessage)

describe('createFindRequestedHost', () => {
  it('is the Host of the request, whatever somebody else than a proxy says', () => {
    const headers = {
      host: 'id.example.com',
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
    }
    for (const address of ['192.0.2.1', undefined]) expect(from(address, headers)).toBe('id.example.com')
    expect(from('192.0.2.1', {})).toBeUndefined()
  })

  it.each<[IncomingMessage['headers'], string]>([
    [{}, 'inner:8080'],
    [{ 'x-forwarded-host': 'id.example.com' }, 'id.example.com'],
    [{ 'x-forwarded-host': 'evil.example, id.example.com:8443' }, 'id.example.com:8443'],
    [{ forwarded: 'for=192.0.2.1;host=id.example.com;proto=https' }, 'id.example.com'],
    [{ forwarded: 'host=evil.example, for=192.0.2.1; Host="id.example.com:8443"' }, 'id.example.com:8443'],
    [{ forwarded: 'for=192.0.2.1' }, 'inner:8080'],
    [{ 'x-forwarded-host': 'id.example.com', forwarded: 'host=id.example.com' }, 'inner:8080'],
  ])('is what a trusted proxy says with %j: %s', (headers, expected) => {
    for (const address of ['10.1.2.3', '::ffff:10.1.2.3', '::1']) {
      expect(from(address, { host: 'inner:8080', ...headers })).toBe(expected)
    }
  })

  it('refuses a proxy that is no address', () => {
    expect(() => createFindRequestedHost(['proxy.example'])).toThrow(RangeError)
  })
})
