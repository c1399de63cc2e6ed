import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { metricsOperation } from '../openapi/health-operations.ts'
import { emptyQuery } from '@workload-identity/api'

/** Adds `GET /metrics` for Prometheus, open to whoever asks. */
export function addMetricsRoute(app: HttpApp, metrics: ControlServerOptions['metrics']): void {
  app.get(
    '/metrics',
    { schema: { querystring: emptyQuery }, config: { isQuiet: true, openapi: metricsOperation } },
    async (_request, reply) => {
      const { contentType, body } = await metrics()
      return reply.header('content-type', contentType).send(body)
    },
  )
}
