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
  const logsQuietAnswers = () => logger.level === 'debug' || logger.level === 'trace'
  // Whoever can reach it could else fill the log with requests that are refused.
  const isPublic = listener === 'public'
  const failures = new WeakMap<FastifyRequest, Failure>()
  return {
    noteFailure(request, error, { error: answered }) {
      failures.set(request, { error, code: isIssuerError(error) ? error.code : answered })
    },
    record(request, reply) {
      const { method } = request
      const { url: route = 'unknown', config } = request.routeOptions
      const { statusCode: status, elapsedTime } = reply
      const failure = failures.get(request)
      const facts = { listener, method, route, status, ...(failure !== undefined && { code: failure.code }) }
      // What verifiers, probes and scrapers ask for all day is of interest only when it goes wrong.
      const isQuiet = status < 500 && (isPublic || (status < 400 && config.isQuiet === true))
      if (!isQuiet || logsQuietAnswers()) {
        const line = {
          ...facts,
          request_id: request.id,
          client: findClientAddress(request.raw),
          ms: Math.round(elapsedTime * 10) / 10,
        }
        if (status >= 500) logger.error({ ...line, error: describeError(failure?.error) }, 'answered')
        else if (isQuiet) logger.debug(line, 'answered')
        else logger.info(line, 'answered')
      }
      onAnswer?.({ ...facts, seconds: elapsedTime / 1000 })
    },
    recordUnparsed({ status, error: code }) {
      const facts = { listener, method: 'unknown', route: 'unknown', status, code }
      if (isPublic) logger.debug(facts, 'answered')
      else logger.info(facts, 'answered')
      onAnswer?.({ ...facts, seconds: 0 })
    },
  }
}
