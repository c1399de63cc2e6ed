import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestClient, tryPut } from './client.testing.ts'
import { freePort, startRedisServer, type RedisProcess } from './testing/index.ts'

let folder: string
let server: RedisProcess
let tlsPort: number
let certificate: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redis-tls-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
    ...['-keyout', key, '-out', cert, '-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'],
  ])
  certificate = await readFile(cert, 'utf8')
  tlsPort = await freePort()
  server = await startRedisServer({
    settings: [
      ...['--tls-port', String(tlsPort), '--tls-cert-file', cert, '--tls-key-file', key],
      ...['--tls-ca-cert-file', cert, '--tls-auth-clients', 'no'],
    ],
  })
})
afterAll(async () => {
  await server.stop()
  await rm(folder, { recursive: true })
})

const address = () =>
  ({ kind: 'single', server: { host: '127.0.0.1', port: tlsPort }, db: 0, tls: true }) as const

describe('createRedisClient with TLS', () => {
  it('connects to a server whose certificate the given CA signed', async () => {
    const client = createTestClient(address(), { tls: { ca: certificate } })
    await client.connect()
    expect(await tryPut(client, 'key', 'value')).toBe('value')
  })

  it('refuses a server whose certificate nobody it trusts has signed', async () => {
    const client = createTestClient(address())
    await expect(client.connect()).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      cause: { message: expect.stringContaining('self-signed certificate') },
    })
  })

  it('survives every alert of a server it does not trust, while it is closed, too', async () => {
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      const client = createTestClient(address())
      await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      await client.close()
    }
  })

  it('refuses a server whose certificate is for another name', async () => {
    const client = createTestClient(address(), { tls: { ca: certificate, servername: 'redis.example' } })
    await expect(client.connect()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })
})
