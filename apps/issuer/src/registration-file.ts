import { readFileSync } from 'node:fs'
import { identifierProblem } from '@workload-identity/core'

/** What a cluster's registration says about it. */
export interface Registration {
  /** DNS name under which the cluster was registered. */
  readonly hostname?: string
  readonly organization_id?: string
  readonly cluster_id?: string
}

/** A registration, or every reason why the file is none. */
export type RegistrationReading =
  { readonly registration: Registration } | { readonly problems: readonly string[] }

const MAX_REGISTRATION_BYTES = 64 * 1024
const members = ['hostname', 'organization_id', 'cluster_id'] as const

/** Reads a registration file; see {@link parseRegistration}. */
export function readRegistrationFile(path: string): RegistrationReading {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return { problems: [`cannot read the registration file ${path} (${code})`] }
  }
  if (text.length > MAX_REGISTRATION_BYTES) {
    return { problems: [`the registration file ${path} is larger than ${MAX_REGISTRATION_BYTES} bytes`] }
  }
  const reading = parseRegistration(text)
  if ('registration' in reading) return reading
  return { problems: reading.problems.map((problem) => `the registration file ${path} ${problem}`) }
}

/**
 * The text as a registration: a JSON object of texts, each member optional. Another member is refused by its name: a
 * misspelt `cluster_id` would otherwise change what every token says without anybody noticing.
 */
export function parseRegistration(text: string): RegistrationReading {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problems: ['is not JSON'] }
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { problems: ['must hold a JSON object'] }
  }
  const problems = Object.entries(value).flatMap(([name, member]) => memberProblem(name, member) ?? [])
  return problems.length > 0 ? { problems } : { registration: value }
}

function memberProblem(name: string, value: unknown): string | undefined {
  if (!members.some((member) => member === name)) {
    return `has an unknown member ${JSON.stringify(name)}; it may have ${members.join(', ')}`
  }
  if (typeof value !== 'string') return `has a ${name} that is not a text`
  if (value === '') return `has an empty ${name}; leave it out instead`
  // The host name is judged where it becomes the issuer URL.
  const problem = name === 'hostname' ? undefined : identifierProblem(value)
  return problem === undefined ? undefined : `has a ${name} that ${problem}`
}
