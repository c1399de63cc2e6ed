import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { AnswerLog } from './answer-log.ts'
import { documentHeaders, type CurrentDocument } from './cached-document.ts'
import { commonHeaders } from './common-headers.ts'
import type { HttpLimits } from './limits.ts'
import './route-config.ts'
import { assertRequest, hasBody } from './strict-requests.ts'

/** What {@link answerPlainDocuments} needs. */
export interface PlainDocumentsParts {
  readonly log: AnswerLog
  readonly limits: HttpLimits
}

/**
 * Answers what nearly every verifier sends, a GET of a document's path without query, body and condition, before Fastify
 * sees it: nothing in it needs parsing, validating or routing, and Fastify's part would be half of the work. Anything
 * else, and what breaks a rule or fails, goes Fastify's way, which gives the same answers. Routes say by their `document`
 * what there is to answer. Call it before there are routes.
 */
export function answerPlainDocuments(app: FastifyInstance, { log, limits }: PlainDocumentsParts): void {
  const documents = new Map<string, (request: IncomingMessage) => CurrentDocument>()
  let isClosing = false
  app.addHook('onRoute', ({ url, config }) => {
    if (config?.document !== undefined) documents.set(url, config.document)
  })
  // Fastify tells whoever is still connected to close.
  app.addHook('preClose', (done) => {
    isClosing = true
    done()
  })

  insertBefore(app.server, (request, response) => {
    const { url: route = '' } = request
    const getCurrent = documents.get(route)
    if (getCurrent === undefined || isClosing || !isPlainGet(request)) return false
    const start = performance.now()
    const current = tryTo(() => {
      assertRequest(request, limits)
      return getCurrent(request)
    })
    if (current === undefined) return false

    const { document } = current
    const requestId = randomUUID()
    response.on('finish', () => {
      log.recordPlain({ request, requestId, route, status: 200, elapsedMs: performance.now() - start })
    })
    response.writeHead(200, {
      ...commonHeaders({ id: requestId }),
      ...documentHeaders(current),
      'content-type': document.contentType,
      'content-length': document.body.length,
    })
    response.end(document.body)
    return true
  })
}

function isPlainGet(request: IncomingMessage): boolean {
  return request.method === 'GET' && request.headers['if-none-match'] === undefined && !hasBody(request)
}

/** Lets `answer` have every request first; what it does not take goes to those that had it until now. */
function insertBefore(
  server: Server,
  answer: (request: IncomingMessage, response: ServerResponse) => boolean,
): void {
  const handlers = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', (request, response) => {
    if (answer(request, response)) return
    for (const handler of handlers) Reflect.apply(handler, server, [request, response])
  })
}

function tryTo<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
