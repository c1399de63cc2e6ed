import type { FastifyReply } from 'fastify'
import type { HealthChecks, HealthReport } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { HttpRefusal } from '../http-refusal.ts'
import { emptyQuery } from '../schemas.ts'

/** Adds `/livez` (should the process be restarted?) and `/readyz` (should it get requests?), open to whoever asks. */
export function addHealthRoutes(app: HttpApp, health: HealthChecks): void {
  const options = { schema: { querystring: emptyQuery }, config: { isQuiet: true } }
  app.get('/livez', options, async (_request, reply) => answer(reply, 'not live', health.live()))
  app.get('/readyz', options, async (_request, reply) => answer(reply, 'not ready', await health.ready()))
}

function answer(reply: FastifyReply, problem: string, { problems }: HealthReport): FastifyReply {
  if (problems.length === 0) return reply.send({ status: 'ok' })
  throw new HttpRefusal({
    status: 503,
    error: 'temporarily_unavailable',
    description: `${problem}: ${problems.join('; ')}`,
    headers: { 'retry-after': '5' },
  })
}
