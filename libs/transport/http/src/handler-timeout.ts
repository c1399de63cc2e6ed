import type { FastifyInstance } from 'fastify'
import { handlerTimedOut } from './http-refusal.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Runs until the answer begins. */
    handlerTimer: NodeJS.Timeout | undefined
  }
}

/**
 * Answers 503 to a request that has no answer `timeoutMs` after its body arrived; what its handler gives later is dropped.
 * A body that does not arrive is the client's fault and a matter of the request time-out. Fastify's own
 * `handlerTimeout` does the same and also aborts a signal at the end of every request, which nothing here listens to and
 * which costs more than all other rules together.
 */
export function limitHandlerTime(app: FastifyInstance, timeoutMs: number): void {
  app.decorateRequest('handlerTimer', undefined)
  app.addHook('preValidation', (request, reply, next) => {
    request.handlerTimer = setTimeout(() => {
      if (!reply.sent) reply.send(handlerTimedOut())
    }, timeoutMs)
    next()
  })
  app.addHook('onSend', (request, _reply, payload, next) => {
    clearTimeout(request.handlerTimer)
    next(null, payload)
  })
}
