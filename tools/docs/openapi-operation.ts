import type { DocumentedRoute } from './collect-routes.ts'
import type { OperationExample } from './examples/example.ts'
import { toAnswer, toRefusalAnswer } from './openapi-answers.ts'
import { refusals, refusalsOf } from './openapi-refusals.ts'
import { propertiesOf, toSchema } from './openapi-schema.ts'

type Examples = Readonly<Record<string, OperationExample>>

const securityOf = {
  anybody: [],
  sandbox: [{ sandboxSecret: [] }],
  runner: [{ runnerSecret: [] }, { runnerCertificate: [] }],
  admin: [{ adminToken: [] }],
  'admin or runner': [{ adminToken: [] }, { runnerSecret: [] }, { runnerCertificate: [] }],
} as const

/** One operation of the document. */
export function toOperation(
  route: DocumentedRoute,
  operationId: string,
  examples: Examples,
): Readonly<Record<string, unknown>> {
  const { docs, listener, method } = route
  const isHead = method === 'head'
  return {
    operationId,
    tags: [listener],
    summary: isHead ? `${docs.summary}: the header only` : docs.summary,
    description: docs.description,
    security: securityOf[docs.caller],
    parameters: toParameters(route, examples),
    ...(route.body !== undefined && { requestBody: toRequestBody(route, examples) }),
    responses: {
      ...Object.fromEntries(
        Object.entries(docs.answers).map(([status, answer]) => [
          status,
          toAnswer(answer, answeredWith(Number(status), examples), { isHead }),
        ]),
      ),
      ...(isHead ? headRefusals : toRefusals(route, examples)),
    },
    'x-examples': toExampleList(examples),
  }
}

const headRefusals = {
  '4XX': { description: 'As GET is refused, without the body.' },
  '5XX': { description: 'As GET fails, without the body.' },
}

function toRefusals(route: DocumentedRoute, examples: Examples): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    refusalsOf(route).map((status) => {
      const refusal = refusals[status]
      if (refusal === undefined) throw new Error(`no answer with status ${status}`)
      const own = answeredWith(status, examples)
      const isShared = Object.keys(own).length === 0
      return [
        status,
        isShared ? { $ref: `#/components/responses/${refusal.name}` } : toRefusalAnswer(refusal, own),
      ]
    }),
  )
}

function toParameters(route: DocumentedRoute, examples: Examples): readonly unknown[] {
  const isConditional = 304 in route.docs.answers
  return [
    ...propertiesOf(route.params).map((property) =>
      toParameter(
        'path',
        property,
        pick(examples, ({ path }) => path?.[property.name]),
      ),
    ),
    ...propertiesOf(route.query).map((property) =>
      toParameter(
        'query',
        property,
        pick(examples, ({ query }) => query?.[property.name]),
      ),
    ),
    ...(isConditional
      ? [
          toParameter(
            'header',
            ifNoneMatch,
            pick(examples, ({ headers }) => headers?.[ifNoneMatch.name]),
          ),
        ]
      : []),
  ]
}

const ifNoneMatch = {
  name: 'If-None-Match',
  schema: { type: 'string', description: 'The entity tags that the client has (RFC 9110 §13.1.2).' },
  isRequired: false,
}

function toParameter(
  place: 'path' | 'query' | 'header',
  { name, schema, isRequired }: ReturnType<typeof propertiesOf>[number],
  examples: Readonly<Record<string, unknown>>,
) {
  const { description, ...rest } = toSchema(schema) as { readonly description?: string }
  return {
    name,
    in: place,
    ...(description !== undefined && { description }),
    ...(isRequired && { required: true }),
    schema: rest,
    examples,
  }
}

function toRequestBody({ body, isBodyOptional }: DocumentedRoute, examples: Examples) {
  return {
    required: !isBodyOptional,
    content: {
      'application/json': { schema: toSchema(body), examples: pick(examples, (example) => example.body) },
    },
  }
}

/** Of each example that has it, one part. */
function pick(
  examples: Examples,
  part: (example: OperationExample) => unknown,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(examples).flatMap(([name, example]) => {
      const value = part(example)
      return value === undefined ? [] : [[name, { summary: example.summary, value }]]
    }),
  )
}

function answeredWith(wanted: number, examples: Examples): Examples {
  return Object.fromEntries(
    Object.entries(examples).filter(([, { status, answer }]) => status === wanted && answer !== undefined),
  )
}

function toExampleList(examples: Examples): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(examples).map(([name, { summary, status, credential }]) => [
      name,
      { summary, status, ...(credential !== undefined && { credential }) },
    ]),
  )
}
