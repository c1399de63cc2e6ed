import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startRedisProxy, type ProxyMode, type RedisProxy } from './redis-proxy.ts'

/** A server that answers each chunk with itself in capitals, and what it was sent. */
async function startShouter() {
  const heard: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      heard.push(chunk.toString())
      socket.write(chunk.toString().toUpperCase())
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startRedisProxy({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  onTestFinished(async () => {
    await proxy.stop()
    server.close()
  })
  return { proxy, heard }
}

function connectTo(proxy: RedisProxy): { readonly socket: Socket; readonly read: () => string } {
  let text = ''
  const socket = connect(proxy.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.on('data', (chunk) => (text += chunk.toString()))
  return { socket, read: () => text }
}

/** Whether a connection has been closed; every setting of a mode closes those that lost bytes. */
function isClosedBy(proxy: RedisProxy, mode: ProxyMode, socket: Socket): boolean {
  proxy.setMode(mode)
  return socket.destroyed
}

describe('startRedisProxy', () => {
  it('passes everything on, also what went through while it was slow, in order', async () => {
    const { proxy } = await startShouter()
    const { socket, read } = connectTo(proxy)
    socket.write('one ')
    await expect.poll(read).toBe('ONE ')
    proxy.setMode({ kind: 'slow', delayMs: 150 })
    const sentAt = performance.now()
    socket.write('two ')
    await expect.poll(read).toBe('ONE TWO ')
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(299)
    proxy.setMode({ kind: 'slow', delayMs: 30_000 })
    socket.write('three ')
    proxy.setMode({ kind: 'pass' })
    socket.write('four')
    await expect.poll(read).toBe('ONE TWO THREE FOUR')
  })

  it('accepts connections and is silent while it is half-open, and closes those that lost bytes afterwards', async () => {
    const { proxy, heard } = await startShouter()
    proxy.setMode({ kind: 'half-open' })
    const { socket, read } = connectTo(proxy)
    await once(socket, 'connect')
    socket.write('lost')
    const idle = connectTo(proxy)
    await once(idle.socket, 'connect')
    await expect.poll(() => isClosedBy(proxy, { kind: 'half-open' }, socket)).toBe(true)
    expect([heard, read()]).toEqual([[], ''])
    proxy.setMode({ kind: 'pass' })
    idle.socket.write('kept')
    await expect.poll(idle.read).toBe('KEPT')
  })

  it('lets the server hear what it does not let it answer', async () => {
    const { proxy, heard } = await startShouter()
    proxy.setMode({ kind: 'drop-answers' })
    const { socket, read } = connectTo(proxy)
    socket.write('heard')
    await expect.poll(() => heard).toEqual(['heard'])
    await expect.poll(() => isClosedBy(proxy, { kind: 'drop-answers' }, socket)).toBe(true)
    expect(read()).toBe('')
  })

  it('cuts a connection in the middle of an answer', async () => {
    const { proxy } = await startShouter()
    proxy.setMode({ kind: 'cut', bytes: 5 })
    const { socket, read } = connectTo(proxy)
    socket.write('hello')
    await expect.poll(read).toBe('HELLO')
    socket.write('world!')
    await once(socket, 'close')
    expect(read()).toBe('HELLOWOR')
  })
})
