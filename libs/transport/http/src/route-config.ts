import type { IncomingMessage } from 'node:http'
import type { CurrentDocument } from './cached-document.ts'
import type { AdminActionName } from './control-options.ts'
import type { OperationDocs } from './openapi/operation.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The value of `Allow`: the route exists only to answer 405. */
    allow?: string
    /** Successes are logged at `debug`. */
    isQuiet?: boolean
    /** What a GET of the path is answered with; asked at every request. */
    document?: (request: IncomingMessage) => CurrentDocument
    /** A request without a body counts as one with `{}`. */
    isBodyOptional?: boolean
    /** What an admin does with this route, for the audit. */
    action?: AdminActionName
    /** What the API description says of it; of no effect on requests and answers. */
    openapi?: OperationDocs
  }
}
