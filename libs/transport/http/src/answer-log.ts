import { isIssuerError, type IssuerErrorCode } from '@workload-identity/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createFindClientAddress } from './client-address.ts'
import { describeError } from './describe-error.ts'
import type { ErrorAnswer } from './http-refusal.ts'
import type { HttpErrorCode, HttpOptions, ListenerName } from './http-options.ts'

/** Records what was answered: one log line and one call of `onAnswer` for each answer. */
export interface AnswerLog {
  /** Remembers why the answer to a request is an error. */
  noteFailure(request: FastifyRequest, error: unknown, answer: ErrorAnswer): void
  /** Records an answer that was sent. */
  record(request: FastifyRequest, reply: FastifyReply): void
  /** Records the answer to something that never became a request. */
  recordUnparsed(answer: ErrorAnswer): void
}

interface Failure {
  readonly error: unknown
  readonly code: IssuerErrorCode | HttpErrorCode
}

/**
 * Makes an {@link AnswerLog}. Lines hold the route's pattern, never the path, query, headers or body; the error itself
 * is logged only with a 5xx, which nobody but the operator can do anything about.
 */
export function createAnswerLog(listener: ListenerName, http: HttpOptions): AnswerLog {
  const { logger, onAnswer, trustedProxies } = http
  const findClientAddress = createFindClientAddress(trustedProxies)
  const failures = new WeakMap<FastifyRequest, Failure>()
  return {
    noteFailure(request, error, { error: answered }) {
      failures.set(request, { error, code: isIssuerError(error) ? error.code : answered })
    },
    record(request, reply) {
      const { method } = request
      const route = request.routeOptions.url ?? 'unknown'
      const status = reply.statusCode
      const failure = failures.get(request)
      const seconds = reply.elapsedTime / 1000
      const line = {
        listener,
        method,
        route,
        status,
        request_id: request.id,
        client: findClientAddress(request.raw),
        ms: Math.round(reply.elapsedTime * 10) / 10,
        ...(failure !== undefined && { code: failure.code }),
      }
      if (status >= 500) logger.error({ ...line, error: describeError(failure?.error) }, 'answered')
      else if (isQuiet(request, status)) logger.debug(line, 'answered')
      else logger.info(line, 'answered')
      onAnswer?.({ listener, method, route, status, seconds, ...(failure && { code: failure.code }) })
    },
    recordUnparsed({ status, error: code }) {
      const facts = { listener, method: 'unknown', route: 'unknown', status, code }
      logger.info(facts, 'answered')
      onAnswer?.({ ...facts, seconds: 0 })
    },
  }
}

/** What verifiers, probes and scrapers ask for all day is of interest only when it goes wrong. */
function isQuiet(request: FastifyRequest, status: number): boolean {
  return status < 400 && request.routeOptions.config.isQuiet === true
}
