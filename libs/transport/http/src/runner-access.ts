import { isIssuerError, type RunnerRecord } from '@workload-identity/core'
import type { FastifyRequest } from 'fastify'
import { hashBearerToken, parseBearerToken } from './bearer.ts'
import type { ControlServerOptions } from './control-options.ts'
import type { HttpApp } from './create-http-server.ts'
import { unauthenticated } from './http-refusal.ts'
import { readRunnerCertificate } from './runner-certificate.ts'
import './replace-tls.ts'
import './request-runner.ts'

/** What finding out who asks needs. */
export type RunnerAccessOptions = Pick<ControlServerOptions, 'authenticateRunner' | 'clock'>

/** Gives the runner that sent a request. */
export type RunnerOf = (request: FastifyRequest) => RunnerRecord

const SECRET_PREFIX = 'wir_'

/**
 * Refuses every request to the routes of `app` that comes with a client certificate which is not valid, whatever else it
 * shows and whatever it asks for.
 */
export function refuseInvalidCertificates(app: HttpApp, { clock }: RunnerAccessOptions): void {
  app.addHook('onRequest', (request, _reply, next) => {
    app.clientCertificates?.of(request.raw.socket, clock())
    next()
  })
}

/**
 * Lets only runners through to the routes of `app`: by a secret, by a client certificate, or by both when they are of
 * the same one. Answers before the body of a request is read.
 */
export function requireRunner(app: HttpApp, options: RunnerAccessOptions): RunnerOf {
  const runners = new WeakMap<FastifyRequest, RunnerRecord>()
  app.addHook('onRequest', async (request) => {
    runners.set(request, await identifyRunner(app, options, request))
  })
  return (request) => {
    const runner = runners.get(request)
    if (runner === undefined) throw new TypeError('the request did not pass the check for runners')
    return runner
  }
}

/** Lets admins and runners through to the routes of `app`. */
export function requireAdminOrRunner(
  app: HttpApp,
  options: RunnerAccessOptions & Pick<ControlServerOptions, 'authenticateAdmin'>,
): void {
  app.addHook('onRequest', async (request) => {
    if (hasAuthorization(request)) {
      const token = parseBearerToken(request.raw)
      if (options.authenticateAdmin(token) !== undefined) return
      if (!token.startsWith(SECRET_PREFIX)) throw unauthenticated('the admin token is not known')
    }
    await identifyRunner(app, options, request)
  })
}

async function identifyRunner(
  app: HttpApp,
  { authenticateRunner, clock }: RunnerAccessOptions,
  request: FastifyRequest,
): Promise<RunnerRecord> {
  const certificate = app.clientCertificates?.of(request.raw.socket, clock())
  const proved = certificate && readRunnerCertificate(certificate)
  if (proved !== undefined && 'problem' in proved) throw unauthenticated(proved.problem)
  const find =
    proved === undefined || hasAuthorization(request)
      ? () => authenticateRunner.bySecret(hashBearerToken(parseRunnerSecret(request)))
      : () => authenticateRunner.byId(proved.runnerId)
  const runner = await find().catch((error: unknown) => {
    throw isIssuerError(error, 'ERR_CREDENTIAL_UNKNOWN') ? unauthenticated(error.message) : error
  })
  if (proved !== undefined && proved.runnerId !== runner.runner_id) {
    throw unauthenticated('the secret and the client certificate are not of the same runner')
  }
  request.runnerId = runner.runner_id
  return runner
}

/** What cannot be a runner's is not looked up: an admin's token or a sandbox's secret is none of the store's business. */
function parseRunnerSecret({ raw }: FastifyRequest): string {
  const token = parseBearerToken(raw)
  if (!token.startsWith(SECRET_PREFIX)) throw unauthenticated('the secret is not that of a runner')
  return token
}

function hasAuthorization({ raw }: FastifyRequest): boolean {
  return raw.headers.authorization !== undefined
}
