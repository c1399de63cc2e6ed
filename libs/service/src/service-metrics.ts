import type { HttpAnswerFacts } from '@workload-identity/transport-http'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

/** What every service counts about itself, for Prometheus. */
export interface ServiceMetrics {
  /** Where a service adds what it alone has. */
  readonly register: Registry
  /** Counts an answer that was given, and the mint if it was one. */
  recordAnswer(answer: HttpAnswerFacts): void
  /** All metrics in Prometheus' text format. */
  render(): Promise<{ readonly contentType: string; readonly body: string }>
}

/** What {@link createServiceMetrics} has to know. */
export interface ServiceMetricsOptions {
  /** The version of the service. */
  readonly version: string
  /** The routes that mint a token, as `GET /v1/token`. */
  readonly mintRoutes: readonly string[]
}

const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/**
 * Makes {@link ServiceMetrics} with a register of their own: answers, mints, the build and Node's metrics of the process.
 * Labels hold only what the service chose itself.
 */
export function createServiceMetrics({ version, mintRoutes }: ServiceMetricsOptions): ServiceMetrics {
  const register = new Registry()
  const registers = [register]
  const mintingRoutes = new Set(mintRoutes)
  collectDefaultMetrics({ register })
  new Gauge({
    name: 'wid_build_info',
    help: 'Always 1; its labels tell the version of the service and of Node.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1)
  const mints = new Counter({
    name: 'wid_mints_total',
    help: 'Requests for a token by outcome: issued, or the code of the refusal or failure.',
    labelNames: ['route', 'outcome'],
    registers,
  })
  const latencies = new Histogram({
    name: 'wid_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['listener', 'method', 'route', 'status'],
    buckets: latencyBuckets,
    registers,
  })
  return {
    register,
    recordAnswer({ listener, method, route, status, seconds, code }) {
      latencies.observe({ listener, method, route, status }, seconds)
      if (!mintingRoutes.has(`${method} ${route}`)) return
      mints.inc({ route, outcome: status === 200 ? 'issued' : (code ?? 'unknown') })
    },
    render: async () => ({ contentType: register.contentType, body: await register.metrics() }),
  }
}
