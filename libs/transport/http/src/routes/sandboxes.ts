import { IssuerError, parseIdentifier } from '@workload-identity/core'
import type { Audited } from '../admin-access.ts'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import { invalidRequest } from '../http-refusal.ts'
import {
  changeSandboxOperation,
  endSandboxOperation,
  getSandboxOperation,
  listSandboxesOperation,
  registerSandboxOperation,
} from '../openapi/control-operations.ts'
import { parsePageLimit } from '../query-numbers.ts'
import { toRegistrationFacts, toSandboxSecretView, toSandboxView } from '../sandbox-views.ts'
import {
  emptyQuery,
  sandboxChange,
  sandboxPath,
  sandboxQuery,
  sandboxRegistration,
} from '@workload-identity/api'

/** What the routes of sandboxes need. */
export type SandboxRouteOptions = Pick<
  ControlServerOptions,
  'issuer' | 'sandboxes' | 'clock' | 'registerSandbox' | 'changeSandbox' | 'tokenUrl'
>

/** Adds `/v1/sandboxes` and `/v1/sandboxes/{id}`: register, list, show, change and end. */
export function addSandboxRoutes(app: HttpApp, options: SandboxRouteOptions, audited: Audited): void {
  addCollection(app, options, audited)
  addOne(app, options, audited)
}

function addCollection(app: HttpApp, options: SandboxRouteOptions, audited: Audited): void {
  const { issuer, sandboxes, clock, registerSandbox, tokenUrl } = options

  app.post(
    '/v1/sandboxes',
    {
      schema: { body: sandboxRegistration, querystring: emptyQuery },
      config: { action: 'sandbox.register', openapi: registerSandboxOperation },
    },
    async (request, reply) => {
      const { body } = request
      const facts = toRegistrationFacts(body)
      const registered = await audited(request, 'sandbox.register', facts, () => registerSandbox(body))
      const addresses = { issuerUrl: issuer.issuerUrl, tokenUrl: tokenUrl() }
      return reply
        .code(201)
        .header('location', `/v1/sandboxes/${encodeURIComponent(registered.record.sandbox_id)}`)
        .send(await toSandboxSecretView(registered, addresses))
    },
  )

  app.get(
    '/v1/sandboxes',
    { schema: { querystring: sandboxQuery }, config: { openapi: listSandboxesOperation } },
    async ({ query: { limit, after, runner_id } }) => {
      const page = {
        limit: parsePageLimit(limit),
        ...(after !== undefined && { after: parseIdentifier('sandbox_id', after) }),
        ...(runner_id !== undefined && { runnerId: parseIdentifier('runner_id', runner_id) }),
      }
      const { items, next } = await sandboxes.list(page, clock())
      return { items: items.map(toSandboxView), next }
    },
  )
}

function addOne(app: HttpApp, options: SandboxRouteOptions, audited: Audited): void {
  const { sandboxes, clock, changeSandbox } = options
  const url = '/v1/sandboxes/:id'

  app.get(
    url,
    { schema: { params: sandboxPath, querystring: emptyQuery }, config: { openapi: getSandboxOperation } },
    async ({ params }) => {
      const record = await sandboxes.findById(parseIdentifier('sandbox_id', params.id), clock())
      if (record === undefined) throw noSuchSandbox()
      return toSandboxView(record)
    },
  )

  app.patch(
    url,
    {
      schema: { params: sandboxPath, body: sandboxChange, querystring: emptyQuery },
      config: { action: 'sandbox.change', openapi: changeSandboxOperation },
    },
    async (request) => {
      const sandbox_id = parseIdentifier('sandbox_id', request.params.id)
      const { body } = request
      if (Object.keys(body).length === 0) throw invalidRequest('the body names nothing to change')
      const change = () => changeSandbox(sandbox_id, body)
      const facts = { sandbox_id, ...(typeof body.runner_id === 'string' && { runner_id: body.runner_id }) }
      return toSandboxView(await audited(request, 'sandbox.change', facts, change))
    },
  )

  app.delete(
    url,
    {
      schema: { params: sandboxPath, querystring: emptyQuery },
      config: { action: 'sandbox.end', openapi: endSandboxOperation },
    },
    async (request, reply) => {
      const sandbox_id = parseIdentifier('sandbox_id', request.params.id)
      await audited(request, 'sandbox.end', { sandbox_id }, async () => {
        if (!(await sandboxes.end(sandbox_id, clock()))) throw noSuchSandbox()
      })
      return reply.code(204).send()
    },
  )
}

function noSuchSandbox(): IssuerError {
  return new IssuerError('ERR_SANDBOX_NOT_FOUND', 'there is no live sandbox with that ID')
}
