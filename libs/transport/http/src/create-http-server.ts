import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import {
  fastify,
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify'
import { createAnswerLog } from './answer-log.ts'
import { commonHeaders } from './common-headers.ts'
import { toErrorAnswer } from './error-mapping.ts'
import { limitHandlerTime } from './handler-timeout.ts'
import type { HttpOptions, ListenerName } from './http-options.ts'
import { HTTP_LIMITS, type HttpLimits } from './limits.ts'
import { createOwedAnswers } from './owed-answers.ts'
import { answerPlainDocuments } from './plain-documents.ts'
import './request-runner.ts'
import { strictRequests } from './strict-requests.ts'
import { decorateTls } from './replace-tls.ts'
import { toSecureContext } from './tls-options.ts'
import { createClientErrorHandler, refuseExpectations, refuseTunnels } from './unparsed-requests.ts'
import { compileValidator } from './validation.ts'
import { watchRoutes } from './wrong-methods.ts'

/** A server to which routes with TypeBox schemas are added. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** What makes one of the servers. */
export interface HttpServerParts {
  readonly listener: ListenerName
  readonly http: HttpOptions
  readonly addRoutes: (app: HttpApp) => void
  readonly limits?: HttpLimits
}

/**
 * Makes a server that obeys the rules all three share (errors, limits, logs, strict requests) and does not listen yet.
 * Knows nothing of what the routes are for.
 */
export function createHttpServer({
  listener,
  http,
  addRoutes,
  limits = HTTP_LIMITS,
}: HttpServerParts): FastifyInstance {
  const log = createAnswerLog(listener, http)

  const sendError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const answer = toErrorAnswer(error)
    log.noteFailure(request, error, answer)
    drainBody(request.raw, limits.drainedBytes)
    reply
      .removeHeader('connection')
      .removeHeader('etag')
      .code(answer.status)
      .headers({ ...commonHeaders(request), ...answer.headers, 'cache-control': 'no-store' })
      .send({ error: answer.error, error_description: answer.description })
  }

  const owedAnswers = createOwedAnswers()
  const app: FastifyInstance = createInstance(http, limits, {
    clientErrorHandler: createClientErrorHandler({
      log,
      limits,
      owedAnswers,
      methodsAt: (target) => routes.methodsAt(target),
    }),
    // Reached before there is a route, so that neither hooks nor the error handler are run for these.
    frameworkErrors: (error, request, reply) => {
      sendError(error, request, reply)
      log.record(request, reply)
    },
  })
  app.server.maxConnections = limits.connections
  // Node's own limit cuts the rest off without a word, and what was cut off may be a second Authorization.
  app.server.maxHeadersCount = 0
  decorateTls(app, http.tls)
  answerPlainDocuments(app, { log, limits })
  owedAnswers.watch(app.server)
  const routes = watchRoutes(app)
  refuseTunnels(app.server, { log, owedAnswers, allowedMethods: routes.allMethods })
  refuseExpectations(app.server, log)

  app.setValidatorCompiler(compileValidator)
  app.setErrorHandler(sendError)
  app.decorateRequest('runnerId', undefined)
  limitHandlerTime(app, limits.handlerTimeoutMs)
  app.register(strictRequests, { limits })
  app.addHook('onSend', (request, reply, payload, next) => {
    reply.headers(commonHeaders(request))
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
    next(null, payload)
  })
  app.addHook('onResponse', (request, reply, next) => {
    log.record(request, reply)
    next()
  })
  app.register((scope, _options, done) => {
    addRoutes(scope.withTypeProvider<TypeBoxTypeProvider>())
    done()
  })
  app.register((scope, _options, done) => {
    routes.refuseOtherMethods(scope)
    done()
  })
  return app
}

function createInstance(
  { logger, tls }: HttpOptions,
  limits: HttpLimits,
  handlers: Pick<FastifyServerOptions, 'clientErrorHandler' | 'frameworkErrors'>,
): FastifyInstance {
  const options: FastifyServerOptions = {
    ...handlers,
    loggerInstance: logger,
    // One line per answer is written by the answer log; a child logger per request would write nothing.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent) => parent,
    // Never taken from a header: an ID that a caller chose could be somebody else's.
    genReqId: () => randomUUID(),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionTimeout: limits.idleTimeoutMs,
    exposeHeadRoutes: false,
    // Who is connected while the server stops is still served, and told to close.
    return503OnClosing: false,
    routerOptions: { maxParamLength: limits.uriBytes, querystringParser: () => ({}) },
  }
  const node = {
    // Room for the longest allowed request line and header; which of them is too long is told apart later.
    maxHeaderSize: limits.headerBytes + limits.uriBytes,
    headersTimeout: limits.headersTimeoutMs,
    connectionsCheckingInterval: limits.timeoutCheckMs,
    // Checked with the other rules for requests, so that the answer has a body.
    requireHostHeader: false,
  }
  if (tls === undefined) return fastify({ ...options, http: node })
  // Of an https.Server only what it shares with an http.Server is used; Fastify's types make them unrelated.
  const secure: object = {
    ...options,
    https: { ...node, ...toSecureContext(tls), ...(tls.clientCa !== undefined && requestedCertificate) },
  }
  return fastify(secure)
}

/** Whether a certificate counts is for the routes to say: most of them ask for none, and a refusal needs an answer. */
const requestedCertificate = { requestCert: true, rejectUnauthorized: false }

/** Reads the rest of a body that nobody wants, up to a limit: a client that is still sending would else be cut off. */
function drainBody(raw: IncomingMessage, limit: number): void {
  if (raw.complete) return
  let drained = 0
  raw.on('data', (chunk: Buffer) => {
    drained += chunk.length
    if (drained > limit) raw.destroy()
  })
}
