import { readFileSync } from 'node:fs'
import { Compile } from 'typebox/schema'
import type { HttpAnswer } from './send-request.ts'

/** An answer as the document describes it. */
export interface DescribedAnswer {
  readonly headers?: Readonly<Record<string, { readonly schema: object; readonly required: boolean }>>
  readonly content?: Readonly<Record<string, { readonly schema: object; readonly examples: NamedExamples }>>
}

type NamedExamples = Readonly<Record<string, { readonly value: unknown }>>

/** One method of one path. */
export interface DescribedOperation {
  readonly operationId: string
  readonly tags: readonly ['public' | 'token' | 'control']
  readonly security: readonly object[]
  readonly parameters: readonly {
    readonly name: string
    readonly in: 'path' | 'query' | 'header'
    readonly schema: object
    readonly examples: Readonly<Record<string, { readonly value: string | readonly string[] }>>
  }[]
  readonly requestBody?: {
    readonly content: {
      readonly 'application/json': { readonly schema: object; readonly examples: NamedExamples }
    }
  }
  readonly responses: Readonly<Record<string, DescribedAnswer>>
  readonly 'x-examples': Readonly<
    Record<string, { readonly status: number; readonly credential?: 'none' | 'unknown' | 'read-only' }>
  >
}

/** `docs/openapi.json`, with references to answers, headers and parameters replaced by what they refer to. */
export interface OpenApiDocument {
  /** By path, then by method in lower case. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>
  readonly responses: Readonly<Record<string, DescribedAnswer>>
  /** What an answer has that is not as described, and what it lacks; empty when it is as described. */
  compareAnswer(answer: HttpAnswer, described: DescribedAnswer): readonly string[]
}

/** Reads the committed document. */
export function readOpenApiDocument(): OpenApiDocument {
  const file = new URL('../../../docs/openapi.json', import.meta.url)
  const document = JSON.parse(readFileSync(file, 'utf8'))
  const { components } = document
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve)
    if (typeof value !== 'object' || value === null) return value
    const target =
      '$ref' in value ? /^#\/components\/(headers|responses)\/([\w-]+)$/.exec(String(value.$ref)) : null
    if (target !== null) return resolve(components[target[1]!][target[2]!])
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item)]))
  }
  const paths = Object.entries(resolve(document.paths) as Record<string, { servers?: unknown }>).map(
    ([path, { servers: _servers, ...operations }]) => [path, operations],
  )
  // References between schemas begin at the root of the document.
  const findProblems: FindProblems = (schema, value) => {
    const [, errors] = Compile({ components, ...schema }).Errors(value)
    return errors.map(({ instancePath, message }) => `${instancePath} ${message}`)
  }
  return {
    paths: Object.fromEntries(paths),
    responses: resolve(components.responses) as OpenApiDocument['responses'],
    compareAnswer: (answer, described) => [
      ...compareHeaders(answer, described, findProblems),
      ...compareBody(answer, described, findProblems),
    ],
  }
}

type FindProblems = (schema: object, value: unknown) => readonly string[]

/** Fields that every HTTP server has, and that no API describes. */
const ordinaryFields = [
  'content-type',
  'content-length',
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
]

function compareHeaders(
  answer: HttpAnswer,
  { headers = {} }: DescribedAnswer,
  findProblems: FindProblems,
): readonly string[] {
  const described = new Set([...ordinaryFields, ...Object.keys(headers).map((name) => name.toLowerCase())])
  const unknown = Object.keys(answer.headers).filter((name) => !described.has(name))
  const wrong = Object.entries(headers).flatMap(([name, { schema, required }]) => {
    const value = answer.headers[name.toLowerCase()]
    if (value === undefined) return required ? [`lacks ${name}`] : []
    return findProblems(schema, value).map((problem) => `${name}:${problem}`)
  })
  return [...unknown.map((name) => `has ${name}`), ...wrong]
}

function compareBody(
  answer: HttpAnswer,
  { content }: DescribedAnswer,
  findProblems: FindProblems,
): readonly string[] {
  if (content === undefined) return answer.text === '' ? [] : ['has a body']
  const mediaType = answer.headers['content-type']?.split(';')[0] ?? 'none'
  const schema = content[mediaType]?.schema
  if (schema === undefined) return [`has the media type ${mediaType}`]
  return findProblems(schema, mediaType === 'text/plain' ? answer.text : answer.json)
}
