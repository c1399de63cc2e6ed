import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answer, readSettings } from './answer.ts'

// What a server in Node costs without any work of its own: answers every request with one prepared body.

const { body, headers } = readSettings() as {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}
const bytes = Buffer.from(body)
const server = createServer((_request, response) => {
  response.writeHead(200, headers)
  response.end(bytes)
})
await once(server.listen(0, '127.0.0.1'), 'listening')
answer(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
