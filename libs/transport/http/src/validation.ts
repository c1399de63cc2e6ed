import type { FastifySchemaCompiler } from 'fastify'
import { Compile } from 'typebox/compile'
import type { TSchema } from 'typebox'
import { invalidRequest, invalidTarget } from './http-refusal.ts'

type SchemaError = ReturnType<ReturnType<typeof Compile>['Errors']>[number]

/** Properties whose mistakes are mistakes about an audience (RFC 8707 §2). */
const audienceProperties = new Set(['audience', 'allowed_audiences'])

/**
 * Compiles a schema to a check that neither converts nor drops anything. A refusal says what is wrong in one sentence:
 * names that are unknown first (a misspelt name explains a missing one), then missing ones, then wrong values. Values
 * are never repeated, names are.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema)
  const part = httpPart === 'querystring' ? 'query parameter' : 'property'
  return (value: unknown) => {
    if (validator.Check(value)) return { value }
    return { error: toRefusal(validator.Errors(value), value, part) }
  }
}

function toRefusal(errors: readonly SchemaError[], value: unknown, part: string): Error {
  if (part === 'property' && !isObject(value)) {
    return invalidRequest('the body must be a JSON object')
  }
  const unknown = errors.flatMap((error) =>
    error.keyword === 'additionalProperties'
      ? error.params.additionalProperties.map((name) => toName([...toPath(error.instancePath), name]))
      : [],
  )
  if (unknown.length > 0) return invalidRequest(`unknown ${part} ${quoteAll(unknown)}`)
  const missing = errors.flatMap((error) =>
    error.keyword === 'required'
      ? error.params.requiredProperties.map((name) => toName([...toPath(error.instancePath), name]))
      : [],
  )
  if (missing.length > 0) return invalidRequest(`missing ${part} ${quoteAll(missing)}`)
  return toWrongValue(errors, value, part)
}

function toWrongValue(errors: readonly SchemaError[], value: unknown, part: string): Error {
  const paths = errors.map((error) => toPath(error.instancePath))
  const path = paths.reduce((deepest, other) => (other.length > deepest.length ? other : deepest), [])
  const name = toName(path)
  const given = isObject(value) ? value[path[0] ?? ''] : undefined
  if (part === 'query parameter' && Array.isArray(given)) {
    return invalidRequest(`the query parameter ${quoteAll([name])} is given more than once`)
  }
  const expected = errors
    .filter((error) => toName(toPath(error.instancePath)) === name)
    .flatMap((error) => toExpectation(error) ?? [])
  const must = expected.length === 0 ? 'has a wrong value' : `must be ${[...new Set(expected)].join(' or ')}`
  const refuse = audienceProperties.has(path[0] ?? '') ? invalidTarget : invalidRequest
  return refuse(`the ${part} ${quoteAll([name])} ${must}`)
}

function toExpectation(error: SchemaError): string | undefined {
  if (error.keyword === 'const') return JSON.stringify(error.params.allowedValue)
  if (error.keyword !== 'type') return undefined
  const types = [error.params.type].flat()
  return types
    .map((type) => (type === 'null' ? 'null' : `${/^[aeio]/.test(type) ? 'an' : 'a'} ${type}`))
    .join(' or ')
}

/** The segments of a JSON pointer (RFC 6901). */
function toPath(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function toName(path: readonly string[]): string {
  return path.join('.')
}

function quoteAll(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name.slice(0, 100)))
  return shown.join(', ') + (names.length > shown.length ? ' and others' : '')
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
