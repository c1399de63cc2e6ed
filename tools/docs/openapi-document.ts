import { namedSchemas } from '@workload-identity/api'
import type { ListenerName } from '@workload-identity/transport-http'
import type { DocumentedRoute } from './collect-routes.ts'
import type { OperationExample, OperationExamples } from './examples/example.ts'
import { headers } from './openapi-headers.ts'
import { toOperation } from './openapi-operation.ts'
import { toRefusalAnswer } from './openapi-answers.ts'
import { refusals } from './openapi-refusals.ts'
import { toSchema } from './openapi-schema.ts'

/** A part of an OpenAPI document, as JSON. */
export type OpenApiObject = Readonly<Record<string, unknown>>

const description = `An OIDC issuer for workloads: sandboxes get short-lived signed tokens, and whoever speaks OIDC trusts
them by the discovery document and the public keys.

Three listeners, so that a firewall can tell them apart: *public* for whoever verifies tokens, *token* for sandboxes,
*control* for admins, runners, probes and scrapers.

Every 4xx and 5xx has the body \`{"error", "error_description"}\`, also where a request is refused before it is routed.
Unknown properties and query parameters are refused by name, types are never converted, a repeated single-valued parameter
is refused, and a slash at the end makes another path. IDs in paths are percent-encoded. Where a status is 503 the answer
is neither yes nor no: wait as \`Retry-After\` says, and try again.

Each operation lists its examples in \`x-examples\`: the status that each is answered with, and what the request shows
instead of the credential that it needs. The parts of a request and its answer have the same name.`

const servers: Readonly<Record<ListenerName, OpenApiObject>> = {
  public: {
    url: '{publicUrl}',
    description: 'The public listener: the issuer URL, with its path if it has one.',
    variables: { publicUrl: { default: 'http://127.0.0.1:8080', description: 'The issuer URL.' } },
  },
  token: {
    url: '{tokenUrl}',
    description: 'The token listener of an issuer or of a runner proxy.',
    variables: { tokenUrl: { default: 'http://127.0.0.1:7123', description: 'Where sandboxes reach it.' } },
  },
  control: {
    url: '{controlUrl}',
    description: 'The control listener.',
    variables: {
      controlUrl: { default: 'http://127.0.0.1:7124', description: 'Where admins and runners reach it.' },
    },
  },
}

/**
 * The OpenAPI 3.1 document of the routes.
 *
 * @throws {Error} when an operation has no examples, or examples belong to no operation.
 */
export function buildOpenApiDocument(
  routes: readonly DocumentedRoute[],
  examples: OperationExamples,
  version: string,
): OpenApiObject {
  const paths: Record<string, Record<string, unknown>> = {}
  const unused = new Set(Object.keys(examples))
  for (const route of routes) {
    const path = (paths[route.path] ??= { servers: [servers[route.listener]] })
    const operationId = operationIdOf(route)
    path[route.method] = toOperation(route, operationId, examplesOf(operationId, examples))
    unused.delete(operationId)
  }
  if (unused.size > 0) throw new Error(`examples of no operation: ${[...unused].join(', ')}`)
  return {
    openapi: '3.1.1',
    info: {
      title: 'workload-identity issuer',
      version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: Object.values(servers),
    tags: [
      { name: 'public', description: 'For whoever verifies tokens.' },
      { name: 'token', description: 'For sandboxes. The same on an issuer and on a runner proxy.' },
      { name: 'control', description: 'For admins, runners, probes and scrapers.' },
    ],
    paths,
    components: {
      securitySchemes: {
        sandboxSecret: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'wis_…',
          description: 'The secret of a sandbox, from its environment.',
        },
        runnerSecret: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'wir_…',
          description: 'The secret of a runner.',
        },
        runnerCertificate: {
          type: 'mutualTLS',
          description:
            'A client certificate of a runner, where the issuer is configured with its authorities. Exactly one of its ' +
            'alternative names is the DNS name that is the runner ID, or the URI `wid:runner:<percent-encoded ID>`.',
        },
        adminToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'wia_…',
          description: 'The token of an admin. One with the role `read` may use GET only.',
        },
      },
      headers,
      responses: Object.fromEntries(
        Object.values(refusals).map((refusal) => [refusal.name, toRefusalAnswer(refusal, {})]),
      ),
      schemas: Object.fromEntries(
        Object.entries(namedSchemas).map(([name, schema]) => [name, toSchema(schema, name)]),
      ),
    },
  }
}

/** The operation ID of a route; `HEAD` shares its documentation with `GET`. */
export function operationIdOf({ method, docs }: Pick<DocumentedRoute, 'method' | 'docs'>): string {
  return method === 'head' ? docs.operationId.replace(/^get/, 'head') : docs.operationId
}

function examplesOf(
  operationId: string,
  examples: OperationExamples,
): Readonly<Record<string, OperationExample>> {
  const own = examples[operationId]
  if (own === undefined) throw new Error(`${operationId} has no examples`)
  return own
}
