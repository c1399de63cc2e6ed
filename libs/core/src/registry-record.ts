import { identifierProblem } from './identifiers.ts'
import type { RunnerRecord } from './ports/runner-registry.ts'
import type { SandboxRecord } from './ports/sandbox-registry.ts'

type Check = (value: unknown) => boolean

const isMoment: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 1
const isText: Check = (value) => typeof value === 'string'
const isIdentifier: Check = (value) => typeof value === 'string' && identifierProblem(value) === undefined
const isHash: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check)
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value)
const isSecret = (value: unknown) =>
  isObject(value) && isHash(value['sha256']) && optional(isMoment)(value['valid_until'])

const isTokenFile = (value: unknown) =>
  isObject(value) &&
  isText(value['name']) &&
  optional((audience) => isText(audience) || isListOf(isText)(audience))(value['audience']) &&
  optional(isCount)(value['ttl'])

const common = { secrets: isListOf(isSecret), created_at: isMoment, revision: isCount }

const sandboxMembers: Readonly<Record<keyof SandboxRecord, Check>> = {
  ...common,
  sandbox_id: isIdentifier,
  app: (value) => value === '' || isIdentifier(value),
  runner_id: optional(isIdentifier),
  token_files: optional(isListOf(isTokenFile)),
  secret_file: optional(isText),
  // A list that lost its values would allow nothing or everything, depending on who reads it.
  allowed_audiences: optional(
    (value) => isListOf(isText)(value) && value instanceof Array && value.length > 0,
  ),
  max_ttl: optional(isCount),
  subject: optional((value) => value === 'sandbox' || value === 'app'),
  expires_at: optional(isMoment),
}

const runnerMembers: Readonly<Record<keyof RunnerRecord, Check>> = {
  ...common,
  runner_id: isIdentifier,
  token_url: optional(isText),
  token_dir: optional(isText),
}

/** The sandbox record of a stored text, or `undefined` when it is none. Members that a newer release added stay in it. */
export function parseSandboxRecord(text: string): SandboxRecord | undefined {
  return parseRecord<SandboxRecord>(text, sandboxMembers)
}

/** The runner record of a stored text, or `undefined` when it is none. Members that a newer release added stay in it. */
export function parseRunnerRecord(text: string): RunnerRecord | undefined {
  return parseRecord<RunnerRecord>(text, runnerMembers)
}

function parseRecord<T>(text: string, members: Readonly<Record<keyof T & string, Check>>): T | undefined {
  const value = parseJson(text)
  const isRecord =
    isObject(value) && Object.entries<Check>(members).every(([name, check]) => check(value[name]))
  return isRecord ? (value as T) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
