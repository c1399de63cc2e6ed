import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fetchPublishedCopy } from './fetch-published-copy.ts'

const served = new Map<string, readonly [number, string]>()
const server = createServer((request, response) => {
  const [status, body] = served.get(request.url ?? '') ?? [404, '']
  response.writeHead(status).end(body)
})
let url = ''

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/site`
})
afterAll(async () => {
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})
beforeEach(() => {
  served.set('/site/.well-known/openid-configuration', [200, '{"issuer":"https://id.example.com"}'])
  served.set('/site/.well-known/jwks.json', [200, '{"keys":[{"kid":"a"},{"kid":"b"},null]}'])
})

describe('fetchPublishedCopy', () => {
  it('gives the issuer and the key IDs', async () => {
    expect(await fetchPublishedCopy(url)).toEqual({
      issuer: 'https://id.example.com',
      kids: new Set(['a', 'b', undefined]),
    })
  })

  it.each([
    [[404, '{"keys":[]}'], 'answers 404'],
    [[200, '<html>'], 'is no JSON object'],
    [[200, '{"keys":{}}'], 'is no JWK set'],
  ] as const)('says what is wrong with %j', async (answer, reason) => {
    served.set('/site/.well-known/jwks.json', answer)
    await expect(fetchPublishedCopy(url)).rejects.toThrow(reason)
  })

  it('says when nobody answers', async () => {
    await expect(fetchPublishedCopy('http://127.0.0.1:1')).rejects.toThrow('cannot be fetched')
  })
})
