import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { sendRaw } from './raw-http.testing.ts'
import { createTestServices, type TestServices } from './services.testing.ts'

const JWKS = '/.well-known/jwks.json'
const paths = ['/.well-known/openid-configuration', JWKS, '/alias/jwks']

let services: TestServices
afterEach(() => services.close())

async function listen() {
  services = await createTestServices({ jwksAliases: ['/alias/jwks'] })
  return services.public.listen({ host: '127.0.0.1', port: 0 })
}

describe('answerPlainDocuments', () => {
  it.each(paths)('answers %s as Fastify answers the same path with an empty query', async (path) => {
    const url = await listen()
    const ask = async (target: string) => {
      const answer = await fetch(url + target)
      const { date, 'x-request-id': id, ...headers } = Object.fromEntries(answer.headers)
      expect(date).toMatch(/ GMT$/)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/)
      return { status: answer.status, headers, body: await answer.text() }
    }
    expect(await ask(path)).toStrictEqual(await ask(`${path}?`))
  })

  it.each(paths)('records %s as Fastify would', async (path) => {
    const url = await listen()
    for (const target of [path, `${path}?`]) await (await fetch(url + target)).text()
    await expect.poll(() => services.answers.length).toBe(2)
    const [short, long] = services.answers
    expect(short).toStrictEqual({ ...long, seconds: expect.any(Number) })
    const [line, longLine] = services.lines.filter(({ message }) => message === 'answered')
    const differing = { request_id: expect.any(String), ms: expect.any(Number) }
    expect(line).toStrictEqual({ ...longLine, facts: { ...longLine?.facts, ...differing } })
  })

  it('gives every answer an ID of its own', async () => {
    const url = await listen()
    const ids = [await fetch(url + JWKS), await fetch(url + JWKS)].map((answer) =>
      answer.headers.get('x-request-id'),
    )
    expect(new Set(ids).size).toBe(2)
  })

  it.each([
    ['two hosts', `GET ${JWKS} HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`, 400],
    ['no host', `GET ${JWKS} HTTP/1.1\r\n\r\n`, 400],
    ['a body', `GET ${JWKS} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}`, 400],
    ['too many fields', `GET ${JWKS} HTTP/1.1\r\nHost: a\r\n${'a: b\r\n'.repeat(100)}\r\n`, 431],
    ['a query', `GET ${JWKS}?a=b HTTP/1.1\r\nHost: a\r\n\r\n`, 400],
    ['another method', `POST ${JWKS} HTTP/1.1\r\nHost: a\r\n\r\n`, 405],
    ['a condition that holds', `GET ${JWKS} HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n`, 304],
  ])('leaves a request with %s to the rules', async (_what, request, status) => {
    expect((await sendRaw(await listen(), request)).status).toBe(status)
  })

  it('tells whoever is still connected to close while the server stops', async () => {
    const { port } = new URL(await listen())
    const connected = once(services.public.server, 'connection') as Promise<[Socket]>
    const client = connect({ host: '127.0.0.1', port: Number(port) })
    const [socket] = await connected
    client.write(`GET ${JWKS} HTTP/1.1\r\nHost: a\r\n`)
    await once(socket, 'data')
    const closed = services.public.close()
    client.write('\r\n')
    expect(await text(client)).toMatch(/^HTTP\/1.1 200 OK\r\n(?:.*\r\n)*connection: close\r\n/i)
    await closed
  })
})
