import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHttpServer } from './create-http-server.ts'
import { ListenError } from './listen-error.ts'
import { assertCanListen, listenOn } from './listen-on.ts'
import { createRecordingLogger } from './services.testing.ts'

let folder: string
const servers: FastifyInstance[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'listen-on-'))
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
  rmSync(folder, { recursive: true })
})

function createServerForTest(): FastifyInstance {
  const { logger } = createRecordingLogger()
  const server = createHttpServer({
    listener: 'token',
    http: { logger, trustedProxies: [] },
    addRoutes: (app) => void app.get('/x', async () => ({ ok: true })),
  })
  servers.push(server)
  return server
}

function getOverSocket(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath, path: '/x', headers: { host: 'x' } }, (answer) => {
      answer.resume()
      resolve(answer.statusCode)
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Leaves a socket behind as a process does that is killed. */
function leaveStaleSocket(path: string): void {
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`
  try {
    execFileSync(process.execPath, ['-e', script, path], { stdio: 'ignore' })
  } catch {
    // It was killed.
  }
}

describe('listenOn a TCP port', () => {
  it('gives the URL with the port that was really bound', async () => {
    const url = await listenOn(createServerForTest(), { kind: 'tcp', host: '127.0.0.1', port: 0 })
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/)
    expect(await (await fetch(`${url}/x`)).json()).toEqual({ ok: true })
  })

  it('puts an IPv6 address in brackets', async () => {
    const url = await listenOn(createServerForTest(), { kind: 'tcp', host: '::1', port: 0 })
    expect(url).toMatch(/^http:\/\/\[::1\]:[1-9]\d+$/)
  })

  it('names the address and what to do when it is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen({ host: '127.0.0.1', port: 0 }, resolve))
    const { port } = other.address() as AddressInfo
    const listening = listenOn(createServerForTest(), { kind: 'tcp', host: '127.0.0.1', port })
    await expect(listening).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: it is in use; stop the process that listens there, or choose another address`,
    )
    await expect(listening).rejects.toBeInstanceOf(ListenError)
    other.close()
  })

  it('names an address that this machine does not have', async () => {
    const listening = listenOn(createServerForTest(), { kind: 'tcp', host: '192.0.2.1', port: 0 })
    await expect(listening).rejects.toThrow(
      'cannot listen on 192.0.2.1:0: this machine does not have that address',
    )
  })
})

describe('listenOn a Unix socket', () => {
  it.each([
    [0o600, 0o600],
    [0o660, 0o660],
    [undefined, 0o600],
  ])('gives it the mode %o and removes it when the server is closed', async (socketMode, expected) => {
    const path = join(folder, 'a.sock')
    const server = createServerForTest()
    const mask = process.umask(0o022)
    const url = await listenOn(server, { kind: 'unix', path }, socketMode === undefined ? {} : { socketMode })
    expect(url).toBe(`unix:${path}`)
    expect(statSync(path).mode & 0o777).toBe(expected)
    expect(process.umask(mask)).toBe(0o022)
    expect(await getOverSocket(path)).toBe(200)
    await server.close()
    expect(existsSync(path)).toBe(false)
  })

  it('is never open to others, not even when the mask of the process is', async () => {
    const path = join(folder, 'a.sock')
    const server = createServerForTest()
    const listen = server.server.listen.bind(server.server)
    let mode: number | undefined
    Object.assign(server.server, {
      listen: (options: { path: string }) => {
        listen(options)
        mode = statSync(path).mode & 0o777
      },
    })
    const mask = process.umask(0)
    await listenOn(server, { kind: 'unix', path }, { socketMode: 0o660 }).finally(() => process.umask(mask))
    expect(mode! & 0o007).toBe(0)
  })

  it('takes the place of a stale socket', async () => {
    const path = join(folder, 'a.sock')
    leaveStaleSocket(path)
    expect(statSync(path).isSocket()).toBe(true)
    await listenOn(createServerForTest(), { kind: 'unix', path })
    expect(await getOverSocket(path)).toBe(200)
  })

  it('leaves a live socket alone and names its path', async () => {
    const path = join(folder, 'a.sock')
    await listenOn(createServerForTest(), { kind: 'unix', path })
    await expect(listenOn(createServerForTest(), { kind: 'unix', path })).rejects.toThrow(
      `cannot listen on unix:${path}: a process listens there; stop it, or choose another path`,
    )
    expect(await getOverSocket(path)).toBe(200)
  })

  it('leaves a file or link that is no socket alone and names its path', async () => {
    const file = join(folder, 'file')
    const link = join(folder, 'link')
    writeFileSync(file, 'precious')
    symlinkSync(file, link)
    for (const path of [file, link]) {
      await expect(listenOn(createServerForTest(), { kind: 'unix', path })).rejects.toThrow(
        `cannot listen on unix:${path}: a file that is no socket is there; choose another path`,
      )
      expect(existsSync(path)).toBe(true)
    }
  })

  it('says so when the folder does not exist', async () => {
    const path = join(folder, 'missing', 'a.sock')
    await expect(listenOn(createServerForTest(), { kind: 'unix', path })).rejects.toThrow(
      `cannot listen on unix:${path}: this is not permitted`,
    )
  })
})

describe('assertCanListen', () => {
  it('leaves every address free, and no socket behind', async () => {
    const path = join(folder, 'token.sock')
    const url = new URL(await listenOn(createServerForTest(), { kind: 'tcp', host: '127.0.0.1', port: 0 }))
    await Promise.all(servers.splice(0).map((server) => server.close()))
    const addresses = [
      { kind: 'tcp', host: '127.0.0.1', port: Number(url.port) },
      { kind: 'unix', path },
    ] as const
    await assertCanListen(addresses)
    expect(existsSync(path)).toBe(false)
    for (const address of addresses) await listenOn(createServerForTest(), address)
  })

  it('is rejected for an address that another server has, with the sentence of listenOn', async () => {
    const url = new URL(await listenOn(createServerForTest(), { kind: 'tcp', host: '127.0.0.1', port: 0 }))
    const taken = { kind: 'tcp', host: '127.0.0.1', port: Number(url.port) } as const
    const path = join(folder, 'token.sock')
    const attempt = assertCanListen([{ kind: 'unix', path }, taken])
    await expect(attempt).rejects.toThrow(ListenError)
    await expect(attempt).rejects.toThrow(`cannot listen on 127.0.0.1:${url.port}: it is in use`)
    expect(existsSync(path)).toBe(false)
  })

  it('is rejected for addresses that exclude each other', async () => {
    const probe = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => probe.once('listening', resolve))
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const twice = ['0.0.0.0', '127.0.0.1'].map((host) => ({ kind: 'tcp', host, port }) as const)
    await expect(assertCanListen(twice)).rejects.toThrow('it is in use')
  })

  it('is rejected for a socket on which a process listens, and leaves it alone', async () => {
    const address = { kind: 'unix', path: join(folder, 'token.sock') } as const
    await listenOn(createServerForTest(), address)
    await expect(assertCanListen([address])).rejects.toThrow('a process listens there')
    expect(await getOverSocket(address.path)).toBe(200)
  })
})
