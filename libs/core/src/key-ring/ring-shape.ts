import { identifierProblem } from '../identifiers.ts'
import { algorithms, isSigningAlgorithm } from './algorithms.ts'

/** Says what is wrong with a value, or `undefined` when it is right. */
type Check = (value: unknown) => string | undefined

/** The shape of an object: its required and optional members. Members it does not name are left alone. */
interface Shape {
  readonly required: Readonly<Record<string, Check>>
  readonly optional?: Readonly<Record<string, Check>>
}

const text: Check = (value) => (typeof value === 'string' && value !== '' ? undefined : 'is not a text')
const moment: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 0 ? undefined : 'is not a moment in Unix seconds'
const count: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'is not a whole number of at least 1'
const uuid: Check = (value) =>
  typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)
    ? undefined
    : 'is not a UUID'
const keyId: Check = (value) =>
  typeof value === 'string' && /^[A-Za-z0-9_-]{43}$/.test(value) ? undefined : 'is not a key ID'
const identifier: Check = (value) => (typeof value === 'string' ? identifierProblem(value) : 'is not a text')
const oneOf = (...allowed: readonly string[]): Check => {
  return (value) => (allowed.includes(value as string) ? undefined : `is not one of ${allowed.join(', ')}`)
}
const members: Check = (value) =>
  isObject(value) && Object.values(value).every((member) => typeof member === 'string')
    ? undefined
    : 'is not a set of key members'
const algorithm: Check = (value) =>
  typeof value === 'string' && isSigningAlgorithm(value)
    ? undefined
    : `is not one of ${Object.keys(algorithms).join(', ')}`

const issuer: Shape = { required: { url: text }, optional: { until: moment } }

const key: Shape = {
  required: {
    kid: keyId,
    alg: algorithm,
    state: oneOf('next', 'active', 'retired'),
    origin: oneOf('generated', 'adopted'),
    public: members,
    created_at: moment,
    published_at: moment,
  },
  optional: {
    private: members,
    activated_at: moment,
    retired_at: moment,
    remove_at: moment,
    reason: text,
  },
}

const historyEntry: Shape = {
  required: { kid: keyId, public: members, ended_at: moment, reason: text },
  optional: { alg: algorithm, signed_from: moment, signed_until: moment },
}

const ring: Shape = {
  required: {
    schema: text,
    ring_id: uuid,
    cluster_id: identifier,
    generation: count,
    write_id: uuid,
    registry_id: uuid,
    issuers: listOf(issuer),
    keys: listOf(key),
    history: listOf(historyEntry),
  },
}

/**
 * Where and why a parsed document is not of the shape of a key ring, for instance `keys[0].kid is not a key ID`;
 * `undefined` when it is. Values are never part of the answer.
 */
export function ringShapeProblem(document: unknown): string | undefined {
  return shapeProblem(document, ring, '')
}

function listOf(shape: Shape): Check {
  return (value) => {
    if (!Array.isArray(value)) return 'is not a list'
    for (const [index, item] of value.entries()) {
      const problem = shapeProblem(item, shape, `[${index}]`)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

function shapeProblem(value: unknown, shape: Shape, path: string): string | undefined {
  if (!isObject(value)) return `${path === '' ? 'the document' : path} is not an object`
  const prefix = path === '' ? '' : `${path}.`
  for (const [checks, isRequired] of [
    [shape.required, true] as const,
    [shape.optional ?? {}, false] as const,
  ]) {
    for (const [name, check] of Object.entries(checks)) {
      const member = value[name]
      if (member === undefined && !isRequired) continue
      const problem = member === undefined ? 'is missing' : check(member)
      if (problem !== undefined) return `${prefix}${name}${problem.startsWith('[') ? '' : ' '}${problem}`
    }
  }
  return undefined
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
