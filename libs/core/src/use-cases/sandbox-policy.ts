import { absolutePathProblem } from '../absolute-path.ts'
import { IssuerError } from '../errors.ts'
import type { SandboxPolicy, SandboxRecord } from '../ports/sandbox-registry.ts'
import type { UnixSeconds } from '../time.ts'
import { audienceProblem } from '../token/audience.ts'
import { MAX_TTL, MIN_TTL } from '../token/ttl.ts'

/** The most audiences a sandbox's own list may have. */
export const MAX_ALLOWED_AUDIENCES = 100

/** The part of a record that the policy is, without anything else. */
export function pickPolicy({ allowed_audiences, max_ttl, subject }: SandboxPolicy): SandboxPolicy {
  return {
    ...(allowed_audiences !== undefined && { allowed_audiences }),
    ...(max_ttl !== undefined && { max_ttl }),
    ...(subject !== undefined && { subject }),
  }
}

/**
 * Checks a sandbox's policy.
 *
 * @throws {IssuerError} `ERR_AUDIENCE_INVALID` for a list that is empty, too long, has duplicates or a value that is no
 * audience; `ERR_POLICY_INVALID` for a `max_ttl` that is not a whole number within 60 and 86400 and for an unknown form
 * of subject.
 */
export function assertSandboxPolicy(policy: SandboxPolicy): void {
  const { allowed_audiences: audiences, max_ttl: maxTtl, subject } = policy
  if (audiences !== undefined) assertAllowedAudiences(audiences)
  if (subject !== undefined && !['sandbox', 'app'].includes(subject)) {
    throw new IssuerError('ERR_POLICY_INVALID', 'subject must be "sandbox" or "app"', {
      details: { name: 'subject' },
    })
  }
  if (maxTtl !== undefined && !(Number.isInteger(maxTtl) && maxTtl >= MIN_TTL && maxTtl <= MAX_TTL)) {
    throw new IssuerError(
      'ERR_POLICY_INVALID',
      `max_ttl must be a whole number of seconds within ${MIN_TTL} and ${MAX_TTL}`,
      { details: { name: 'max_ttl' } },
    )
  }
}

/**
 * Checks the end of a sandbox's life.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` when it is not a whole number of seconds after `now`.
 */
export function assertExpiry(expiresAt: SandboxRecord['expires_at'], now: UnixSeconds): void {
  if (expiresAt === undefined || (Number.isSafeInteger(expiresAt) && expiresAt > now)) return
  throw new IssuerError(
    'ERR_REQUEST_INVALID',
    'expires_at must be a moment in the future, in whole Unix seconds',
    {
      details: { name: 'expires_at' },
    },
  )
}

/**
 * Checks that a sandbox whose token files are listed has a runner that could keep them.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` when it has none, also for an empty list.
 */
export function assertFilesHaveRunner({
  runner_id: runnerId,
  token_files: files,
}: Pick<SandboxRecord, 'runner_id' | 'token_files'>): void {
  if (files === undefined || runnerId !== undefined) return
  throw new IssuerError(
    'ERR_REQUEST_INVALID',
    'token_files are kept by a runner: give runner_id, or take token_files away, too',
    { details: { name: 'token_files' } },
  )
}

/**
 * Checks the path at which a sandbox finds its secret.
 *
 * @throws {IssuerError} `ERR_REQUEST_INVALID` when it is no absolute path of at most 4096 characters.
 */
export function assertSecretFile(path: string | undefined): void {
  const problem = path === undefined ? undefined : absolutePathProblem(path)
  if (problem === undefined) return
  throw new IssuerError('ERR_REQUEST_INVALID', `secret_file ${problem}`, { details: { name: 'secret_file' } })
}

function assertAllowedAudiences(audiences: readonly string[]): void {
  if (audiences.length === 0) {
    throw invalidAudiences('allowed_audiences is empty; leave it out to allow whatever the cluster allows')
  }
  if (audiences.length > MAX_ALLOWED_AUDIENCES) {
    throw invalidAudiences(`allowed_audiences has more than ${MAX_ALLOWED_AUDIENCES} values`)
  }
  for (const audience of audiences) {
    const problem = audienceProblem(audience)
    if (problem !== undefined) throw invalidAudiences(`a value of allowed_audiences ${problem}`)
  }
  if (new Set(audiences).size < audiences.length) {
    throw invalidAudiences('a value of allowed_audiences is given twice')
  }
}

function invalidAudiences(message: string): IssuerError {
  return new IssuerError('ERR_AUDIENCE_INVALID', message, { details: { name: 'allowed_audiences' } })
}
