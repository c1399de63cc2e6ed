import { request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHttpServer } from './create-http-server.ts'
import { HTTP_LIMITS } from './limits.ts'
import {
  ADMIN_TOKEN,
  createRecordingLogger,
  createTestServices,
  type TestServices,
} from './services.testing.ts'

let services: TestServices
let url: string
beforeAll(async () => {
  services = await createTestServices()
  url = await services.control.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => services.close())

interface Upload {
  readonly path?: string
  readonly token?: string
  readonly bytes: number
  readonly isChunked: boolean
}

function upload({ path = '/v1/sandboxes', token = ADMIN_TOKEN, bytes, isChunked }: Upload) {
  return new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': bytes }),
    }
    const sent = request(new URL(path, url), { method: 'POST', headers }, (answer) => {
      let body = ''
      answer.on('data', (chunk: Buffer) => (body += chunk.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode, body }))
    })
    sent.on('error', reject)
    sent.end(Buffer.alloc(bytes, 32))
  })
}

describe('a body that is refused', () => {
  it.each([true, false])(
    'is read to its end, so that the client gets the 413 (chunked: %s)',
    async (isChunked) => {
      const answer = await upload({ bytes: 4_000_000, isChunked })
      expect(answer.status).toBe(413)
      expect(JSON.parse(answer.body).error).toBe('request_too_large')
    },
  )

  it('is read to its end for 401, 404 and 405, too', async () => {
    const big = { bytes: 1_000_000, isChunked: false }
    expect((await upload({ ...big, token: 'unknown' })).status).toBe(401)
    expect((await upload({ ...big, path: '/nowhere' })).status).toBe(404)
    expect((await upload({ ...big, path: '/livez' })).status).toBe(405)
  })

  it('is not read for ever: the connection is cut at the limit', async () => {
    const server = createHttpServer({
      listener: 'control',
      http: { logger: createRecordingLogger().logger, trustedProxies: [] },
      addRoutes: () => undefined,
      limits: { ...HTTP_LIMITS, drainedBytes: 1_000_000 },
    })
    const { hostname, port } = new URL(await server.listen({ host: '127.0.0.1', port: 0 }))
    const socket = connect({ host: hostname, port: Number(port) })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const chunk = `10000\r\n${' '.repeat(0x10000)}\r\n`
    const send = () => {
      while (!socket.destroyed && socket.write(chunk)) continue
    }
    socket.on('drain', send)
    // Being cut off is what is waited for.
    socket.on('error', () => undefined)
    socket.write('POST /nowhere HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
    send()
    await closed
    expect(socket.bytesWritten).toBeGreaterThan(1_000_000)
    await server.close()
  })
})
