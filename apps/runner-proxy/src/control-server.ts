import {
  addHealthRoutes,
  addMetricsRoute,
  createHttpServer,
  type HealthChecks,
  type HttpOptions,
} from '@workload-identity/transport-http'
import type { Metrics } from './metrics.ts'

/** What the control server of a runner proxy tells. */
export interface ProxyControlOptions {
  readonly health: HealthChecks
  readonly metrics: Pick<Metrics, 'render'>
  readonly http: HttpOptions
}

/** Makes the control server of a runner proxy: health and metrics, and nothing that changes anything. */
export function createProxyControlServer({
  health,
  metrics,
  http,
}: ProxyControlOptions): ReturnType<typeof createHttpServer> {
  return createHttpServer({
    listener: 'control',
    http,
    addRoutes(app) {
      addHealthRoutes(app, health)
      addMetricsRoute(app, () => metrics.render())
    },
  })
}
