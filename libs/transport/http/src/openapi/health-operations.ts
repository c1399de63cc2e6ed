import { Type } from 'typebox'
import { healthy } from '@workload-identity/api'
import type { OperationDocs } from './operation.ts'

/** `GET /livez` */
export const liveOperation: OperationDocs = {
  operationId: 'getLiveness',
  summary: 'Whether the process should be restarted',
  description: 'A 503 names what is wrong.',
  caller: 'anybody',
  answers: { 200: { description: 'It lives.', schema: healthy } },
}

/** `GET /readyz` */
export const readyOperation: OperationDocs = {
  operationId: 'getReadiness',
  summary: 'Whether the process should get requests',
  description: 'A 503 names every check that failed.',
  caller: 'anybody',
  answers: { 200: { description: 'It is ready.', schema: healthy } },
}

/** `GET /metrics` */
export const metricsOperation: OperationDocs = {
  operationId: 'getMetrics',
  summary: 'Metrics for Prometheus',
  description: 'In the text exposition format.',
  caller: 'anybody',
  answers: { 200: { description: 'The metrics.', schema: Type.String(), contentType: 'text/plain' } },
}
