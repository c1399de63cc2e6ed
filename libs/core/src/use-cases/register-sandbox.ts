import { parseIdentifier } from '../identifiers.ts'
import type { RunnerRecord, RunnerRegistry } from '../ports/runner-registry.ts'
import type { SandboxPolicy, SandboxRecord, SandboxRegistry, TokenFile } from '../ports/sandbox-registry.ts'
import { generateSecret, hashSecret, parseSecretHash } from '../secret.ts'
import type { Clock, UnixSeconds } from '../time.ts'
import { parseTokenFiles } from '../token-files.ts'
import { createFindRunner, type FindRunner } from './find-runner.ts'
import {
  assertExpiry,
  assertFilesHaveRunner,
  assertSandboxPolicy,
  assertSecretFile,
  pickPolicy,
} from './sandbox-policy.ts'

/** What changing sandboxes needs. */
export interface SandboxAdministrationDependencies {
  readonly sandboxes: SandboxRegistry
  /** The runners that sandboxes can be assigned to. */
  readonly runners: Pick<RunnerRegistry, 'findById'>
  readonly clock: Clock
}

/** A sandbox to be. */
export interface SandboxRegistration extends SandboxPolicy {
  readonly sandbox_id: string
  readonly app: string
  /** A registered runner. */
  readonly runner_id?: string
  /** Files that the runner keeps filled with tokens, 0–16; one named `token` unless given. Only with a runner. */
  readonly token_files?: readonly TokenFile[]
  /** The absolute path at which it finds its secret, when that is not in its environment. */
  readonly secret_file?: string
  /** Unix seconds, in the future. */
  readonly expires_at?: number
  /** The SHA-256 of a secret that was already handed out; a secret is made unless given. */
  readonly secret_sha256?: string
}

/** A sandbox with the secret it was just given; without one when the caller brought the hash of its own. */
export interface SandboxWithSecret {
  readonly record: SandboxRecord
  readonly secret?: string
  /** The runner it is assigned to, which knows where the sandbox gets its tokens; absent when there is none. */
  readonly runner?: RunnerRecord
}

/**
 * Registers a sandbox. Durable when it resolves.
 *
 * @throws {IssuerError} `ERR_IDENTIFIER_INVALID`, `ERR_REQUEST_INVALID`, `ERR_AUDIENCE_INVALID`, `ERR_TTL_INVALID`,
 * `ERR_POLICY_INVALID` for what was asked; `ERR_RUNNER_UNKNOWN`, `ERR_SANDBOX_EXISTS`, `ERR_SECRET_IN_USE`; and those of
 * the registries.
 */
export type RegisterSandbox = (registration: SandboxRegistration) => Promise<SandboxWithSecret>

/** Makes {@link RegisterSandbox}. */
export function createRegisterSandbox({
  sandboxes,
  runners,
  clock,
}: SandboxAdministrationDependencies): RegisterSandbox {
  return async (registration) => {
    const now = clock()
    const prepared = await prepareRegistration(registration, now, createFindRunner(runners, now))
    await sandboxes.register(prepared.record, now)
    return prepared
  }
}

/**
 * The record to register at `now`, its runner, and the secret that was made for it. Nothing is stored.
 *
 * @throws {IssuerError} as {@link RegisterSandbox} for what was asked; those of the registry of runners.
 */
export async function prepareRegistration(
  registration: SandboxRegistration,
  now: UnixSeconds,
  findRunner: FindRunner,
): Promise<SandboxWithSecret> {
  const { runner_id: runnerId, secret_file: secretFile, secret_sha256: givenHash } = registration
  const expiresAt = registration.expires_at as UnixSeconds | undefined
  assertExpiry(expiresAt, now)
  assertSandboxPolicy(registration)
  assertFilesHaveRunner(registration)
  assertSecretFile(secretFile)
  const tokenFiles = parseTokenFiles(registration.token_files)
  const identity = {
    sandbox_id: parseIdentifier('sandbox_id', registration.sandbox_id),
    app: parseIdentifier('app', registration.app),
    ...(runnerId !== undefined && { runner_id: parseIdentifier('runner_id', runnerId) }),
  }
  const secret = givenHash === undefined ? generateSecret('sandbox') : undefined
  const sha256 = secret === undefined ? parseSecretHash(givenHash ?? '') : await hashSecret(secret)
  const runner = runnerId === undefined ? undefined : await findRunner(runnerId)
  const record: SandboxRecord = {
    ...identity,
    ...(tokenFiles !== undefined && { token_files: tokenFiles }),
    ...(secretFile !== undefined && { secret_file: secretFile }),
    ...pickPolicy(registration),
    secrets: [{ sha256 }],
    created_at: now,
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
    revision: 1,
  }
  return { record, ...(secret !== undefined && { secret }), ...(runner !== undefined && { runner }) }
}
