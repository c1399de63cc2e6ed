import { createHash, timingSafeEqual } from 'node:crypto'
import type { Admin } from '@workload-identity/transport-http'

/** The shortest admin token, in characters. */
export const MIN_ADMIN_TOKEN_LENGTH = 32

/** The longest; the control listener reads no longer credential. */
export const MAX_ADMIN_TOKEN_LENGTH = 1000

/** An admin and the SHA-256 of the token that proves it. */
export interface AdminToken extends Admin {
  readonly sha256: Buffer
}

/** The text of an admin-token file as tokens, or every reason why it is not one; reasons never quote the text. */
export type AdminTokenReading =
  { readonly tokens: readonly AdminToken[] } | { readonly problems: readonly string[] }

/**
 * Reads the text of an admin-token file: either one token alone, which belongs to the admin `admin`, or lines
 * `<name> <admin|read> <token>`. Blank lines and lines that begin with `#` do not count; without any other there is no
 * token.
 */
export function parseAdminTokens(text: string): AdminTokenReading {
  const lines = text
    .split('\n')
    .map((line, index) => ({ number: index + 1, words: line.trim().split(/\s+/) }))
  const entries = lines.filter(({ words }) => words[0] !== '' && words[0]?.startsWith('#') !== true)
  const [alone, ...rest] = entries[0]?.words ?? []
  if (entries.length === 1 && rest.length === 0 && alone !== undefined) {
    const problem = tokenProblem(alone)
    if (problem !== undefined) return { problems: [problem] }
    return { tokens: [{ name: 'admin', role: 'admin', sha256: hashToken(alone) }] }
  }
  const problems: string[] = []
  const tokens: AdminToken[] = []
  for (const { number, words } of entries) {
    const entry = parseEntry(words)
    if (typeof entry === 'string') problems.push(`line ${number} ${entry}`)
    else if (tokens.some(({ name }) => name === entry.name)) problems.push(`line ${number} repeats a name`)
    else if (tokens.some(({ sha256 }) => sha256.equals(entry.sha256)))
      problems.push(`line ${number} repeats a token`)
    else tokens.push(entry)
  }
  return problems.length > 0 ? { problems } : { tokens }
}

/** Whose token it is. Takes the same time whichever token of the list it is, also when it is none. */
export function findAdmin(tokens: readonly AdminToken[], token: string): Admin | undefined {
  const sha256 = hashToken(token)
  let found: Admin | undefined
  for (const candidate of tokens) {
    if (timingSafeEqual(candidate.sha256, sha256)) found = { name: candidate.name, role: candidate.role }
  }
  return found
}

function parseEntry(words: readonly string[]): AdminToken | string {
  const [name, role, token, ...rest] = words
  if (name === undefined || role === undefined || token === undefined || rest.length > 0) {
    return 'is not <name> <admin|read> <token>'
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/.test(name)) {
    return 'has a name that is not 1-64 letters, digits and . _ @ -'
  }
  if (role !== 'admin' && role !== 'read') return 'has a role that is neither admin nor read'
  const problem = tokenProblem(token)
  return problem === undefined ? { name, role, sha256: hashToken(token) } : problem
}

function tokenProblem(token: string): string | undefined {
  if (token.length < MIN_ADMIN_TOKEN_LENGTH) {
    return `has a token of fewer than ${MIN_ADMIN_TOKEN_LENGTH} characters`
  }
  if (token.length > MAX_ADMIN_TOKEN_LENGTH) {
    return `has a token of more than ${MAX_ADMIN_TOKEN_LENGTH} characters`
  }
  // RFC 6750 §2.1: nothing else can be sent as a bearer token.
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(token))
    return 'has a token that cannot be sent as a bearer token (RFC 6750 §2.1)'
  return undefined
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
