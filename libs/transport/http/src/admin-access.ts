import type { FastifyRequest } from 'fastify'
import { withoutUnsafeFacts, type AdminActionFacts } from './audit-facts.ts'
import { parseBearerToken } from './bearer.ts'
import { createFindClientAddress } from './client-address.ts'
import type { Admin, AdminAction, AdminActionName, ControlServerOptions } from './control-options.ts'
import type { HttpApp } from './create-http-server.ts'
import { outcomeOf, toErrorAnswer } from './error-mapping.ts'
import { HttpRefusal, unauthenticated } from './http-refusal.ts'
import './route-config.ts'

/** Does what an admin asked for and reports it, also when it is refused or fails. */
export type Audited = <T>(
  request: FastifyRequest,
  action: AdminActionName,
  facts: AdminActionFacts,
  perform: () => Promise<T>,
  factsOf?: (result: T) => AdminActionFacts,
) => Promise<T>

/**
 * Lets only admins through to the routes of `app`, and those with the role `read` only to look. Answers before the body
 * of a request is read. Gives the function that performs audited actions.
 */
export function requireAdmin(
  app: HttpApp,
  { authenticateAdmin, onAdminAction, http }: ControlServerOptions,
): Audited {
  const admins = new WeakMap<FastifyRequest, Admin>()
  const findClientAddress = createFindClientAddress(http.trustedProxies)

  const report = (
    request: FastifyRequest,
    action: AdminActionName,
    rest: Omit<AdminAction, 'actor' | 'action' | 'request_id' | 'client_address'>,
  ) => {
    const actor = admins.get(request)?.name ?? 'unknown'
    const client_address = findClientAddress(request.raw)
    onAdminAction?.({ actor, action, ...rest, request_id: request.id, client_address })
  }

  app.addHook('onRequest', async (request) => {
    const admin = authenticateAdmin(parseBearerToken(request.raw))
    if (admin === undefined) throw unauthenticated('the admin token is not known')
    admins.set(request, admin)
    if (admin.role === 'admin' || request.method === 'GET') return
    const { action } = request.routeOptions.config
    if (action !== undefined) report(request, action, { outcome: 'refused', code: 'access_denied' })
    throw new HttpRefusal({
      status: 403,
      error: 'access_denied',
      description: 'this admin token may read only',
    })
  })

  return async (request, action, facts, perform, factsOf) => {
    const result = await perform().catch((error: unknown) => {
      report(request, action, {
        outcome: toErrorAnswer(error).status < 500 ? 'refused' : 'failed',
        code: outcomeOf(error),
        ...withoutUnsafeFacts(facts),
      })
      throw error
    })
    report(request, action, { outcome: 'done', ...withoutUnsafeFacts({ ...facts, ...factsOf?.(result) }) })
    return result
  }
}
