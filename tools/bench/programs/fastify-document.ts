import { fastify } from 'fastify'
import { answer, readSettings } from './answer.ts'

// What Fastify adds to a bare server: one route that answers the same prepared body with the same headers.

const { body, headers } = readSettings() as {
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}
const bytes = Buffer.from(body)
const app = fastify()
app.get('/', (_request, reply) => reply.headers(headers).send(bytes))
answer(await app.listen({ port: 0, host: '127.0.0.1' }))
