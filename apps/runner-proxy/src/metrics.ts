import type { IssuerTry } from '@workload-identity/issuer-client'
import type { RunnerEvent, RunnerState, TokenFileEvent, TokenFileState } from '@workload-identity/runner'
import { createServiceMetrics, type ServiceMetrics } from '@workload-identity/service'
import { Counter, Gauge, Histogram } from 'prom-client'
import { addTokenFileMetrics } from './token-file-metrics.ts'
import { version } from './version.ts'

/** What a runner proxy counts about itself, for Prometheus. */
export interface Metrics extends Pick<ServiceMetrics, 'recordAnswer' | 'render'> {
  /** Counts what the proxy tells of itself. */
  recordEvent(event: RunnerEvent): void
  /** Counts what the keeper of token files tells. */
  recordTokenFileEvent(event: TokenFileEvent): void
  /** Counts and times a try to get an answer from the issuer. */
  recordTry(facts: IssuerTry): void
}

/** What {@link createMetrics} measures besides what it is told. */
export interface MetricsDependencies {
  readonly state: () => RunnerState
  /** Of the token files, if there are any. */
  readonly tokenFiles?: () => TokenFileState
}

const latencyBuckets = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15]

/** Makes {@link Metrics} with a register of their own; labels hold only what the proxy and its issuer chose. */
export function createMetrics({ state, tokenFiles }: MetricsDependencies): Metrics {
  const service = createServiceMetrics({ version, mintRoutes: ['GET /v1/token'] })
  const registers = [service.register]
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read())
      },
    })
  gauge('wid_runner_assignments', 'Sandboxes that are assigned to this node.', () => state().sandboxes)
  gauge(
    'wid_runner_assignments_age_seconds',
    'Time since the issuer last confirmed the assignments; NaN before the first time.',
    () => state().confirmedAge ?? NaN,
  )
  gauge('wid_runner_cached_tokens', 'Tokens that are kept to be given again.', () => state().cachedTokens)
  gauge(
    'wid_runner_upstream_waiting',
    'Tokens and identities that wait for a batch to the issuer.',
    () => state().upstream.queued,
  )
  const answers = new Counter({
    name: 'wid_runner_answers_total',
    help: 'Tokens and identities given to sandboxes by where they came from: the cache, the issuer, or the cache while the issuer did not answer.',
    labelNames: ['what', 'from'],
    registers,
  })
  const confirmations = new Counter({
    name: 'wid_runner_assignment_checks_total',
    help: 'Questions to the issuer for the assignments of this node, by outcome.',
    labelNames: ['outcome'],
    registers,
  })
  const batches = new Counter({
    name: 'wid_runner_batches_total',
    help: 'Batches of requests to the issuer by what was asked for and outcome.',
    labelNames: ['operation', 'outcome'],
    registers,
  })
  const tries = new Histogram({
    name: 'wid_issuer_request_duration_seconds',
    help: 'Time of each request to the issuer, retries counted on their own; status 0 = no answer.',
    labelNames: ['operation', 'outcome', 'status'],
    buckets: latencyBuckets,
    registers,
  })
  const recordTokenFileEvent =
    tokenFiles === undefined ? () => undefined : addTokenFileMetrics(service.register, tokenFiles)
  return {
    recordTokenFileEvent,
    recordAnswer: (answer) => service.recordAnswer(answer),
    render: () => service.render(),
    recordTry({ operation, outcome, status = 0, seconds }) {
      tries.observe({ operation, outcome, status }, seconds)
    },
    recordEvent(event) {
      switch (event.type) {
        case 'answered':
          answers.inc({ what: event.what, from: event.from })
          break
        case 'assignments-confirmed':
          confirmations.inc({ outcome: 'confirmed' })
          break
        case 'assignments-failed':
          confirmations.inc({ outcome: 'failed' })
          break
        case 'upstream-answered':
          batches.inc({ operation: event.operation, outcome: 'answered' })
          break
        case 'upstream-failed':
          batches.inc({ operation: event.operation, outcome: 'failed' })
          break
        case 'assignments-changed':
        case 'registry-changed':
        case 'issuer-changed':
        case 'listener-failed':
          break
      }
    },
  }
}
