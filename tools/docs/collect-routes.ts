import { DEFAULT_ROTATION_POLICY, parseIssuerUrl, seconds } from '@workload-identity/core'
import {
  createControlServer,
  createPublicServer,
  createTokenServer,
  type HttpOptions,
  type ListenerName,
  type OperationDocs,
} from '@workload-identity/transport-http'
import type { FastifyBaseLogger, FastifyInstance, RouteOptions } from 'fastify'

/** One method of one path, as its server declares it. */
export interface DocumentedRoute {
  readonly listener: ListenerName
  readonly method: string
  /** In the notation of OpenAPI: `/v1/sandboxes/{id}`. */
  readonly path: string
  readonly docs: OperationDocs
  readonly params?: unknown
  readonly query?: unknown
  readonly body?: unknown
  /** Whether a request may do without the body. */
  readonly isBodyOptional: boolean
}

/**
 * Every route of the three servers, in the order in which they are declared. The servers are made and never serve.
 *
 * @throws {Error} for a route that says nothing about itself.
 */
export async function collectRoutes(): Promise<readonly DocumentedRoute[]> {
  const routes: DocumentedRoute[] = []
  for (const [listener, server] of Object.entries(createIdleServers()) as [ListenerName, FastifyInstance][]) {
    server.addHook('onRoute', (route) => void routes.push(...describeRoute(listener, route)))
    await server.ready()
    await server.close()
  }
  return routes
}

function describeRoute(
  listener: ListenerName,
  { method, url, schema, config }: RouteOptions,
): DocumentedRoute[] {
  // A route that exists to answer 405.
  if (config?.allow !== undefined) return []
  const path = url.replace(/:(\w+)/g, '{$1}')
  const docs = config?.openapi
  if (docs === undefined) throw new Error(`${path} of the ${listener} server has no \`config.openapi\``)
  return [method].flat().map((name) => ({
    listener,
    method: name.toLowerCase(),
    path,
    docs,
    params: schema?.params,
    query: schema?.querystring,
    body: schema?.body,
    isBodyOptional: config?.isBodyOptional === true,
  }))
}

function createIdleServers(): Readonly<Record<ListenerName, FastifyInstance>> {
  const unused = (): never => {
    throw new Error('servers that are only described are not asked anything')
  }
  const issuer = { issuerUrl: parseIssuerUrl('https://id.example.com'), discoveryDocument: unused }
  const http: HttpOptions = { logger: createSilentLogger(), trustedProxies: [] }
  const sandboxes = {
    register: unused,
    registerAll: unused,
    replace: unused,
    findById: unused,
    findBySecretHash: unused,
    list: unused,
    end: unused,
    removeExpired: unused,
  }
  return {
    public: createPublicServer({ issuer, publishKeys: unused, jwksAliases: [], http }),
    token: createTokenServer({ sandboxTokens: { issue: unused, describe: unused }, http }),
    control: createControlServer({
      issuer,
      ring: unused,
      sandboxes,
      clock: unused,
      registerSandbox: unused,
      registerSandboxes: unused,
      changeSandbox: unused,
      renewSandboxSecret: unused,
      vouchToken: unused,
      runners: { list: unused, findById: unused },
      registerRunner: unused,
      renewRunnerSecret: unused,
      endRunner: unused,
      authenticateRunner: { bySecret: unused, byId: unused },
      runnerTokens: { issue: unused, describe: unused },
      listAssignments: unused,
      issueSystemToken: unused,
      acceptRegistryLoss: unused,
      rotateByHand: unused,
      revokeKey: unused,
      removeKey: unused,
      rotation: {
        policy: DEFAULT_ROTATION_POLICY,
        maxTtl: seconds(86_400),
        specification: 'RS256',
      },
      authenticateAdmin: unused,
      tokenUrl: unused,
      cluster: { ttl: { defaultTtl: seconds(3600), maxTtl: seconds(86_400) } },
      health: { live: unused, ready: unused },
      metrics: unused,
      http,
    }),
  }
}

function createSilentLogger(): FastifyBaseLogger {
  const silent = () => undefined
  const logger: FastifyBaseLogger = {
    level: 'silent',
    fatal: silent,
    error: silent,
    warn: silent,
    info: silent,
    debug: silent,
    trace: silent,
    silent,
    child: () => logger,
  }
  return logger
}
