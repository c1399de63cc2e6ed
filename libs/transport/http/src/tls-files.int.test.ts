import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createHttpServer } from './create-http-server.ts'
import { listenOn } from './listen-on.ts'
import { createRecordingLogger } from './services.testing.ts'
import { readTlsFiles, TlsFilesError } from './tls-files.ts'
import { watchTlsFiles } from './watch-tls-files.ts'

let made: string
let folder: string
beforeAll(() => {
  made = mkdtempSync(join(tmpdir(), 'tls-made-'))
  for (const name of ['one', 'two']) {
    const output = ['-keyout', join(made, `${name}.key`), '-out', join(made, `${name}.crt`)]
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2']
    execFileSync('openssl', ['req', '-x509', ...key, ...output, ...subject], { stdio: 'ignore' })
  }
})
afterAll(() => rmSync(made, { recursive: true }))
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-files-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function paths(in_ = folder) {
  return { certPath: join(in_, 'tls.crt'), keyPath: join(in_, 'tls.key') }
}

function put(name: 'one' | 'two', into = folder): void {
  cpSync(join(made, `${name}.crt`), paths(into).certPath)
  cpSync(join(made, `${name}.key`), paths(into).keyPath)
}

describe('readTlsFiles', () => {
  it('gives a certificate and its key', () => {
    put('one')
    const { cert, key } = readTlsFiles(paths())
    expect(cert).toContain('BEGIN CERTIFICATE')
    expect(key).toContain('PRIVATE KEY')
  })

  it.each([
    ['a missing certificate', () => rmSync(paths().certPath), 'tls.crt cannot be read (ENOENT)'],
    ['a missing key', () => rmSync(paths().keyPath), 'tls.key cannot be read (ENOENT)'],
    ['a broken certificate', () => writeFileSync(paths().certPath, 'x'), 'tls.crt holds no PEM certificate'],
    [
      'a broken key',
      () => writeFileSync(paths().keyPath, 'x'),
      'tls.key holds no unencrypted PEM private key',
    ],
    [
      'the key of another certificate',
      () => cpSync(join(made, 'two.key'), paths().keyPath),
      'does not belong to the certificate in',
    ],
  ])('refuses %s and names the file', (_what, spoil, message) => {
    put('one')
    spoil()
    expect(() => readTlsFiles(paths())).toThrow(TlsFilesError)
    expect(() => readTlsFiles(paths())).toThrow(message)
  })
})

/** The common name of the certificate that a server shows to a new connection. */
function shownName(url: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect(
      { host: hostname, port: Number(port), rejectUnauthorized: false },
      () => {
        resolve(String(socket.getPeerCertificate().subject.CN))
        socket.destroy()
      },
    )
    socket.on('error', reject)
  })
}

describe('watchTlsFiles', () => {
  let server: FastifyInstance
  let url: string
  let events: string[]
  let next: () => Promise<string>
  let stop: () => void

  const start = async (watched = paths()) => {
    const current = readTlsFiles(watched)
    const { logger } = createRecordingLogger()
    server = createHttpServer({
      listener: 'public',
      http: { logger, trustedProxies: [], tls: current },
      addRoutes: (app) => void app.get('/x', async () => ({ ok: true })),
    })
    url = await listenOn(server, { kind: 'tcp', host: '127.0.0.1', port: 0 })
    events = []
    let wake: (() => void) | undefined
    const tell = (event: string) => {
      events.push(event)
      wake?.()
    }
    next = async () => {
      while (events.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return events.shift()!
    }
    stop = watchTlsFiles({
      ...watched,
      servers: [server],
      current,
      intervalMs: 10,
      onReloaded: () => tell('reloaded'),
      onProblem: (error) => tell((error as Error).message),
    })
  }
  afterEach(async () => {
    stop()
    vi.useRealTimers()
    await server.close()
  })

  it('serves https with the pair it was given', async () => {
    put('one')
    await start()
    expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const ca = readFileSync(paths().certPath)
    const status = await new Promise((resolve, reject) => {
      request(`${url}/x`, { ca }, (answer) => resolve(answer.resume().statusCode))
        .on('error', reject)
        .end()
    })
    expect(status).toBe(200)
  })

  it('serves a new pair when the files are written', async () => {
    put('one')
    await start()
    expect(await shownName(url)).toBe('one')
    put('two')
    expect(await next()).toBe('reloaded')
    expect(await shownName(url)).toBe('two')
  })

  it('serves a new pair when a link is swapped, as Kubernetes does', async () => {
    for (const name of ['one', 'two'] as const) {
      mkdirSync(join(folder, name))
      put(name, join(folder, name))
    }
    const data = join(folder, '..data')
    symlinkSync('one', data)
    await start(paths(data))
    expect(await shownName(url)).toBe('one')
    symlinkSync('two', `${data}_tmp`)
    renameSync(`${data}_tmp`, data)
    expect(await next()).toBe('reloaded')
    expect(await shownName(url)).toBe('two')
  })

  it('keeps the old pair when the new one does not belong together, says so once, and takes the next', async () => {
    put('one')
    await start()
    cpSync(join(made, 'two.crt'), paths().certPath)
    expect(await next()).toContain('does not belong to the certificate')
    expect(await shownName(url)).toBe('one')
    cpSync(join(made, 'two.key'), paths().keyPath)
    expect(await next()).toBe('reloaded')
    expect(await shownName(url)).toBe('two')
    expect(events).toEqual([])
  })

  it('says nothing of a change that is half-way, and says a lasting problem once', async () => {
    put('one')
    await start()
    stop()
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const seen: string[] = []
    stop = watchTlsFiles({
      ...paths(),
      servers: [server],
      current: readTlsFiles(paths()),
      intervalMs: 10,
      onReloaded: () => seen.push('reloaded'),
      onProblem: () => seen.push('problem'),
    })
    const look = (times: number) => {
      vi.advanceTimersByTime(times * 10)
      return [...seen]
    }
    expect(look(2)).toEqual([])
    cpSync(join(made, 'two.crt'), paths().certPath)
    expect(look(1)).toEqual([])
    expect(look(1)).toEqual(['problem'])
    expect(look(3)).toEqual(['problem'])
    cpSync(join(made, 'two.key'), paths().keyPath)
    expect(look(1)).toEqual(['problem', 'reloaded'])
    stop()
    put('one')
    expect(look(2)).toEqual(['problem', 'reloaded'])
  })

  it('keeps the old pair while a file is missing', async () => {
    put('one')
    await start()
    rmSync(paths().keyPath)
    expect(await next()).toContain('tls.key cannot be read (ENOENT)')
    expect(await shownName(url)).toBe('one')
  })
})
