import type { IncomingMessage } from 'node:http'
import { isIssuerError, type IssuerErrorCode } from '@workload-identity/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { createFindClientAddress } from './client-address.ts'
import { describeError } from './describe-error.ts'
import type { ErrorAnswer } from './http-refusal.ts'
import type { HttpErrorCode } from '@workload-identity/api'
import type { HttpOptions, ListenerName } from './http-options.ts'
import './request-runner.ts'

/** Records what was answered: one log line and one call of `onAnswer` for each answer. */
export interface AnswerLog {
  /** Remembers why the answer to a request is an error. */
  noteFailure(request: FastifyRequest, error: unknown, answer: ErrorAnswer): void
  /** Records an answer that was sent. */
  record(request: FastifyRequest, reply: FastifyReply): void
  /** Records the answer to a plain GET of a document, which Fastify never saw. */
  recordPlain(answer: GivenAnswer): void
  /** Records the answer to something that never became a request. */
  recordUnparsed(answer: ErrorAnswer): void
}

/** An answer and what it was given to. */
export interface GivenAnswer {
  readonly request: IncomingMessage
  readonly requestId: string
  /** The pattern of the route. */
  readonly route: string
  readonly status: number
  /** From the head of the request to the end of the answer. */
  readonly elapsedMs: number
  /** The runner that asked, if it was one and proved it. */
  readonly runnerId?: string
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

  const write = (answer: GivenAnswer, isQuietRoute: boolean, failure?: Failure) => {
    const { request, requestId, route, status, elapsedMs, runnerId } = answer
    const { method = 'unknown' } = request
    const facts = { listener, method, route, status, ...(failure !== undefined && { code: failure.code }) }
    // What verifiers, probes and scrapers ask for all day is of interest only when it goes wrong.
    const isQuiet = status < 500 && (isPublic || (status < 400 && isQuietRoute))
    if (!isQuiet || logsQuietAnswers()) {
      const line = {
        ...facts,
        request_id: requestId,
        client: findClientAddress(request),
        ...(runnerId !== undefined && { runner_id: runnerId }),
        ms: Math.round(elapsedMs * 10) / 10,
      }
      if (status >= 500) logger.error({ ...line, error: describeError(failure?.error) }, 'answered')
      else if (isQuiet) logger.debug(line, 'answered')
      else logger.info(line, 'answered')
    }
    onAnswer?.({ ...facts, seconds: elapsedMs / 1000 })
  }

  return {
    noteFailure(request, error, { error: answered }) {
      failures.set(request, { error, code: isIssuerError(error) ? error.code : answered })
    },
    record(request, reply) {
      const { url: route = 'unknown', config } = request.routeOptions
      const { statusCode: status, elapsedTime: elapsedMs } = reply
      const { raw, id: requestId, runnerId } = request
      const runner = runnerId !== undefined && { runnerId }
      const answer = { request: raw, requestId, route, status, elapsedMs, ...runner }
      write(answer, config.isQuiet === true, failures.get(request))
    },
    recordPlain: (answer) => write(answer, true),
    recordUnparsed({ status, error: code }) {
      const facts = { listener, method: 'unknown', route: 'unknown', status, code }
      if (isPublic) logger.debug(facts, 'answered')
      else logger.info(facts, 'answered')
      onAnswer?.({ ...facts, seconds: 0 })
    },
  }
}
