import { parseIdentifier } from '../identifiers.ts'
import type { SandboxPolicy, SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import { generateSecret, hashSecret, parseSecretHash } from '../secret.ts'
import type { Clock, UnixSeconds } from '../time.ts'
import { assertExpiry, assertSandboxPolicy, pickPolicy } from './sandbox-policy.ts'

/** What changing sandboxes needs. */
export interface SandboxAdministrationDependencies {
  readonly sandboxes: SandboxRegistry
  readonly clock: Clock
}

/** A sandbox to be. */
export interface SandboxRegistration extends SandboxPolicy {
  readonly sandbox_id: string
  readonly app: string
  readonly runner_id?: string
  /** Unix seconds, in the future. */
  readonly expires_at?: number
  /** The SHA-256 of a secret that was already handed out; a secret is made unless given. */
  readonly secret_sha256?: string
}

/** A sandbox with the secret it was just given; without one when the caller brought the hash of its own. */
export interface SandboxWithSecret {
  readonly record: SandboxRecord
  readonly secret?: string
}

/**
 * Registers a sandbox. Durable when it resolves.
 *
 * @throws {IssuerError} `ERR_IDENTIFIER_INVALID`, `ERR_REQUEST_INVALID`, `ERR_AUDIENCE_INVALID`, `ERR_POLICY_INVALID` for
 * what was asked; `ERR_SANDBOX_EXISTS`, `ERR_SECRET_IN_USE`; and those of the registry.
 */
export type RegisterSandbox = (registration: SandboxRegistration) => Promise<SandboxWithSecret>

/** Makes {@link RegisterSandbox}. */
export function createRegisterSandbox({
  sandboxes,
  clock,
}: SandboxAdministrationDependencies): RegisterSandbox {
  return async (registration) => {
    const now = clock()
    const prepared = await prepareRegistration(registration, now)
    await sandboxes.register(prepared.record, now)
    return prepared
  }
}

/**
 * The record to register at `now`, and the secret that was made for it. Nothing is stored.
 *
 * @throws {IssuerError} as {@link RegisterSandbox} for what was asked.
 */
export async function prepareRegistration(
  registration: SandboxRegistration,
  now: UnixSeconds,
): Promise<SandboxWithSecret> {
  const { runner_id: runnerId, secret_sha256: givenHash } = registration
  const expiresAt = registration.expires_at as UnixSeconds | undefined
  assertExpiry(expiresAt, now)
  assertSandboxPolicy(registration)
  const identity = {
    sandbox_id: parseIdentifier('sandbox_id', registration.sandbox_id),
    app: parseIdentifier('app', registration.app),
    ...(runnerId !== undefined && { runner_id: parseIdentifier('runner_id', runnerId) }),
  }
  const secret = givenHash === undefined ? generateSecret('sandbox') : undefined
  const sha256 = secret === undefined ? parseSecretHash(givenHash ?? '') : await hashSecret(secret)
  const record: SandboxRecord = {
    ...identity,
    ...pickPolicy(registration),
    secrets: [{ sha256 }],
    created_at: now,
    ...(expiresAt !== undefined && { expires_at: expiresAt }),
    revision: 1,
  }
  return { record, ...(secret !== undefined && { secret }) }
}
