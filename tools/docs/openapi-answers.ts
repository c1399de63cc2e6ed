import type { AnswerDocs } from '@workload-identity/transport-http'
import type { OperationExample } from './examples/example.ts'
import { referToHeaders, type HeaderName } from './openapi-headers.ts'
import type { Refusal } from './openapi-refusals.ts'
import { toSchema } from './openapi-schema.ts'

type Examples = Readonly<Record<string, OperationExample>>

/** A successful answer. `isHead` leaves the body out. */
export function toAnswer(answer: AnswerDocs, examples: Examples, { isHead }: { readonly isHead: boolean }) {
  const { description, schema, contentType = 'application/json' } = answer
  const names: readonly HeaderName[] = [
    'X-Request-Id',
    'X-Content-Type-Options',
    ...(answer.isCacheable === true
      ? (['CacheLifetime', 'ETag', 'Access-Control-Allow-Origin', 'Vary'] as const)
      : (['Cache-Control'] as const)),
    ...(answer.hasEntityTag === true ? (['ETag'] as const) : []),
    ...(answer.hasLocation === true ? (['Location'] as const) : []),
  ]
  return {
    description,
    headers: referToHeaders(names),
    ...(schema !== undefined &&
      !isHead && {
        content: { [contentType]: { schema: toSchema(schema), examples: toAnswerExamples(examples) } },
      }),
  }
}

/** An error answer: with the examples of an operation, or with its usual ones when there are none. */
export function toRefusalAnswer(refusal: Refusal, examples: Examples) {
  const { description, isEarly, errors } = refusal
  const usual: Readonly<Record<string, unknown>> = Object.fromEntries(
    Object.entries(errors).map(([error, sentence]) => [
      error,
      { value: { error, error_description: sentence } },
    ]),
  )
  return {
    description,
    headers: referToHeaders([
      isEarly === true ? 'OptionalRequestId' : 'X-Request-Id',
      'X-Content-Type-Options',
      'Cache-Control',
      ...(refusal.headers ?? []),
    ]),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Error' },
        examples: Object.keys(examples).length > 0 ? toAnswerExamples(examples) : usual,
      },
    },
  }
}

function toAnswerExamples(examples: Examples): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(examples).map(([name, { summary, answer }]) => [name, { summary, value: answer }]),
  )
}
