import { absolutePathProblem } from '../absolute-path.ts'
import { IssuerError } from '../errors.ts'
import { parseIdentifier } from '../identifiers.ts'
import type { RunnerRecord, RunnerRegistry } from '../ports/runner-registry.ts'
import { generateSecret, hashSecret } from '../secret.ts'
import type { Clock } from '../time.ts'

/** What changing runners needs. */
export interface RunnerAdministrationDependencies {
  readonly runners: RunnerRegistry
  readonly clock: Clock
}

/** A runner to be. */
export interface RunnerRegistration {
  readonly runner_id: string
  /** The token endpoint of its proxy as its sandboxes reach it: an http(s) URL or `unix:<absolute path>`. */
  readonly token_url?: string
  /** The folder of its proxy's token files as its sandboxes see it, an absolute path. */
  readonly token_dir?: string
}

/** A runner with the secret it was just given. */
export interface RunnerWithSecret {
  readonly record: RunnerRecord
  readonly secret: string
}

/**
 * Registers a runner. Durable when it resolves.
 *
 * @throws {IssuerError} `ERR_IDENTIFIER_INVALID`, `ERR_REQUEST_INVALID` for what was asked; `ERR_RUNNER_EXISTS`; and those
 * of the registry.
 */
export type RegisterRunner = (registration: RunnerRegistration) => Promise<RunnerWithSecret>

/** Makes {@link RegisterRunner}. */
export function createRegisterRunner({ runners, clock }: RunnerAdministrationDependencies): RegisterRunner {
  return async ({ runner_id: id, token_url: tokenUrl, token_dir: tokenDir }) => {
    const now = clock()
    const runnerId = parseIdentifier('runner_id', id)
    if (tokenUrl !== undefined) assertSound('token_url', tokenUrlProblem(tokenUrl))
    if (tokenDir !== undefined) assertSound('token_dir', absolutePathProblem(tokenDir))
    const secret = generateSecret('runner')
    const record: RunnerRecord = {
      runner_id: runnerId,
      ...(tokenUrl !== undefined && { token_url: tokenUrl }),
      ...(tokenDir !== undefined && { token_dir: tokenDir }),
      secrets: [{ sha256: await hashSecret(secret) }],
      created_at: now,
      revision: 1,
    }
    await runners.register(record, now)
    return { record, secret }
  }
}

const maxUrlLength = 2000

/** Why it cannot be put in front of a query, as sandboxes do. */
function tokenUrlProblem(text: unknown): string | undefined {
  if (typeof text !== 'string') return 'is not a string'
  if (text.startsWith('unix:')) return absolutePathProblem(text.slice('unix:'.length))
  if (text.length > maxUrlLength) return `is longer than ${maxUrlLength} characters`
  // What a lenient parser would repair, sandboxes might read in another way.
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(text) || text.includes('\\') || !URL.canParse(text)) {
    return 'must be an http or https URL, or unix: and an absolute path'
  }
  const { username, password } = new URL(text)
  if (username !== '' || password !== '' || /[?#@]/.test(text)) {
    return 'must have neither user, query nor fragment'
  }
  return undefined
}

function assertSound(name: string, problem: string | undefined): void {
  if (problem === undefined) return
  throw new IssuerError('ERR_REQUEST_INVALID', `${name} ${problem}`, { details: { name } })
}
