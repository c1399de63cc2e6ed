import type { FastifyReply } from 'fastify'
import type { HealthChecks, HealthReport } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { HttpRefusal } from '../http-refusal.ts'
import { liveOperation, readyOperation } from '../openapi/health-operations.ts'
import type { OperationDocs } from '../openapi/operation.ts'
import { emptyQuery } from '@workload-identity/api'

/** Adds `/livez` (should the process be restarted?) and `/readyz` (should it get requests?), open to whoever asks. */
export function addHealthRoutes(app: HttpApp, health: HealthChecks): void {
  const options = (openapi: OperationDocs) => ({
    schema: { querystring: emptyQuery },
    config: { isQuiet: true, openapi },
  })
  app.get('/livez', options(liveOperation), async (_request, reply) =>
    answer(reply, 'not live', health.live()),
  )
  app.get('/readyz', options(readyOperation), async (_request, reply) =>
    answer(reply, 'not ready', await health.ready()),
  )
}

function answer(
  reply: FastifyReply,
  problem: string,
  { problems, warnings = [] }: HealthReport,
): FastifyReply {
  if (problems.length === 0) return reply.send({ status: 'ok', ...(warnings.length > 0 && { warnings }) })
  throw new HttpRefusal({
    status: 503,
    error: 'temporarily_unavailable',
    description: `${problem}: ${problems.join('; ')}`,
    headers: { 'retry-after': '5' },
  })
}
