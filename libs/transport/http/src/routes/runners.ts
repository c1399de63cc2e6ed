import {
  emptyQuery,
  pageQuery,
  runnerPath,
  runnerRegistration,
  runnerRemoval,
  secretRenewal,
} from '@workload-identity/api'
import { IssuerError, parseIdentifier } from '@workload-identity/core'
import type { Audited } from '../admin-access.ts'
import type { ControlServerOptions } from '../control-options.ts'
import type { HttpApp } from '../create-http-server.ts'
import {
  endRunnerOperation,
  getRunnerOperation,
  listRunnersOperation,
  registerRunnerOperation,
  renewRunnerSecretOperation,
} from '../openapi/runner-operations.ts'
import { parsePageLimit } from '../query-numbers.ts'
import { toRunnerSecretView, toRunnerView } from '../runner-views.ts'

/** What the routes of runners need. */
export type RunnerRouteOptions = Pick<
  ControlServerOptions,
  'runners' | 'clock' | 'registerRunner' | 'renewRunnerSecret' | 'endRunner'
>

/** Adds what admins do with runners: `/v1/runners`, `/v1/runners/{id}` and `/v1/runners/{id}/secret`. */
export function addRunnerRoutes(app: HttpApp, options: RunnerRouteOptions, audited: Audited): void {
  addCollection(app, options, audited)
  addOne(app, options, audited)
}

function addCollection(app: HttpApp, options: RunnerRouteOptions, audited: Audited): void {
  const { runners, clock, registerRunner } = options

  app.post(
    '/v1/runners',
    {
      schema: { body: runnerRegistration, querystring: emptyQuery },
      config: { action: 'runner.register', openapi: registerRunnerOperation },
    },
    async (request, reply) => {
      const { body } = request
      const facts = { runner_id: body.runner_id }
      const registered = await audited(request, 'runner.register', facts, () => registerRunner(body))
      return reply
        .code(201)
        .header('location', `/v1/runners/${encodeURIComponent(registered.record.runner_id)}`)
        .send(toRunnerSecretView(registered))
    },
  )

  app.get(
    '/v1/runners',
    { schema: { querystring: pageQuery }, config: { openapi: listRunnersOperation } },
    async ({ query: { limit, after } }) => {
      const page = {
        limit: parsePageLimit(limit),
        ...(after !== undefined && { after: parseIdentifier('runner_id', after) }),
      }
      const { items, next } = await runners.list(page, clock())
      return { items: items.map(toRunnerView), next }
    },
  )
}

function addOne(app: HttpApp, options: RunnerRouteOptions, audited: Audited): void {
  const { runners, clock, renewRunnerSecret, endRunner } = options

  app.get(
    '/v1/runners/:id',
    { schema: { params: runnerPath, querystring: emptyQuery }, config: { openapi: getRunnerOperation } },
    async ({ params }) => {
      const record = await runners.findById(parseIdentifier('runner_id', params.id), clock())
      if (record === undefined) {
        throw new IssuerError('ERR_RUNNER_NOT_FOUND', 'there is no runner with that ID')
      }
      return toRunnerView(record)
    },
  )

  app.post(
    '/v1/runners/:id/secret',
    {
      schema: { params: runnerPath, body: secretRenewal, querystring: emptyQuery },
      config: { action: 'runner.renew_secret', isBodyOptional: true, openapi: renewRunnerSecretOperation },
    },
    async (request) => {
      const runner_id = parseIdentifier('runner_id', request.params.id)
      const renew = () => renewRunnerSecret(runner_id, request.body.grace_seconds)
      return toRunnerSecretView(await audited(request, 'runner.renew_secret', { runner_id }, renew))
    },
  )

  app.delete(
    '/v1/runners/:id',
    {
      schema: { params: runnerPath, querystring: runnerRemoval },
      config: { action: 'runner.end', openapi: endRunnerOperation },
    },
    async (request, reply) => {
      const runner_id = parseIdentifier('runner_id', request.params.id)
      const endSandboxes = request.query.sandboxes === 'end'
      const facts = { runner_id, ...(endSandboxes && { sandboxes: 'end' as const }) }
      await audited(request, 'runner.end', facts, () => endRunner(runner_id, { endSandboxes }))
      return reply.code(204).send()
    },
  )
}
