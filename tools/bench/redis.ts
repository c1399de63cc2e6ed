import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startServerProcess } from './processes.ts'

const HOST = '127.0.0.1'

/** Starts a `redis-server` that keeps its data in a folder, as safely as the guide asks for, and gives its URL. */
export async function startBenchRedis(folder: string): Promise<string> {
  const port = await findFreePort()
  const settings = {
    port,
    bind: HOST,
    dir: folder,
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
  }
  await startServerProcess({
    command: 'redis-server',
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    log: join(folder, 'redis.log'),
    isReady: (line) => line.includes('Ready to accept connections'),
  })
  return `redis://${HOST}:${port}`
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, HOST)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
