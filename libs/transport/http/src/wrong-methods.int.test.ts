import { METHODS } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sendRaw } from './raw-http.testing.ts'
import { createTestServices, type TestServices } from './services.testing.ts'

let services: TestServices
const addresses: Record<string, string> = {}
beforeAll(async () => {
  services = await createTestServices()
  for (const name of ['public', 'token', 'control'] as const) {
    addresses[name] = await services[name].listen({ host: '127.0.0.1', port: 0 })
  }
})
afterAll(() => services.close())

const routes = [
  ['public', '/.well-known/openid-configuration', 'GET, HEAD'],
  ['public', '/.well-known/jwks.json', 'GET, HEAD'],
  ['token', '/v1/token', 'GET'],
  ['token', '/v1/identity', 'GET'],
  ['control', '/v1/sandboxes', 'GET, POST'],
  ['control', '/v1/sandboxes/s1', 'DELETE, GET, PATCH'],
  ['control', '/v1/sandboxes/s1/secret', 'POST'],
  ['control', '/v1/runners', 'GET, POST'],
  ['control', '/v1/runners/r1', 'DELETE, GET'],
  ['control', '/v1/runners/r1/secret', 'POST'],
  ['control', '/v1/runner/tokens', 'POST'],
  ['control', '/v1/runner/identities', 'POST'],
  ['control', '/v1/runner/sandboxes', 'GET'],
  ['control', '/v1/runner/system-tokens', 'POST'],
  ['control', '/v1/tokens', 'POST'],
  ['control', '/v1/issuer', 'GET'],
  ['control', '/v1/keys', 'GET'],
  ['control', '/v1/keys/plan', 'GET'],
  ['control', '/v1/keys/history', 'GET'],
  ['control', '/v1/keys/rotate', 'POST'],
  ['control', '/v1/keys/kid/revoke', 'POST'],
  ['control', '/v1/keys/kid', 'DELETE'],
  ['control', '/livez', 'GET'],
  ['control', '/readyz', 'GET'],
  ['control', '/metrics', 'GET'],
] as const

const absent = {
  public: ['/', '/v1/token', '/.well-known/jwks.json/', '/.well-known', '//.well-known/jwks.json', '/livez'],
  token: ['/', '/v1/token/', '/V1/token', '/v1/tokens', '/v1/sandboxes', '/livez', '/.well-known/jwks.json'],
  control: [
    '/',
    '/v1/sandboxes/',
    '/v1/sandboxes/s1/',
    '/v1/sandboxes/s1/secret/',
    '/v1/sandboxes/a/b',
    '/v1/runner',
    '/v1/runners/',
    '/v1/runner/tokens/',
    '/v1/runner/sandboxes/s1',
    '/v1/token',
    '/healthz',
  ],
} as const

describe('methods', () => {
  it.each(routes)('on %s %s other than %s are answered 405 with Allow', async (server, path, allow) => {
    const allowed: readonly string[] = allow.split(', ')
    // CONNECT has no path, see the test of unparsed requests.
    for (const method of METHODS.filter((name) => !allowed.includes(name) && name !== 'CONNECT')) {
      const answer = await sendRaw(addresses[server]!, `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, {
        method,
      })
      expect([method, answer.status]).toEqual([method, 405])
      expect(answer.headers['allow']).toBe(allow)
      expect(answer.headers['cache-control']).toBe('no-store')
      expect(answer.body).toBe(
        method === 'HEAD'
          ? ''
          : `{"error":"method_not_allowed","error_description":"the method is not allowed here; use ${allow}"}`,
      )
    }
  })
})

describe('paths', () => {
  it.each(Object.entries(absent).flatMap(([server, paths]) => paths.map((path) => [server, path] as const)))(
    'of the %s server do not include %s, whatever the method',
    async (server, path) => {
      for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'PROPFIND']) {
        const answer = await sendRaw(addresses[server]!, `${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, {
          method,
        })
        expect([method, answer.status]).toEqual([method, 404])
        expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
        expect(answer.body).toBe(
          method === 'HEAD'
            ? ''
            : '{"error":"not_found","error_description":"there is nothing at this path"}',
        )
      }
    },
  )
})
