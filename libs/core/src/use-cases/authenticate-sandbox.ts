import { IssuerError } from '../errors.ts'
import type { SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import type { Clock } from '../time.ts'

/** What authentication of a sandbox needs. */
export interface AuthenticateSandboxDependencies {
  readonly sandboxes: SandboxRegistry
  readonly clock: Clock
}

/**
 * The live sandbox that has the secret with that SHA-256 (64 lower-case hexadecimal digits).
 *
 * @throws {IssuerError} `ERR_CREDENTIAL_UNKNOWN` when it is known that there is none; `ERR_STORE_UNAVAILABLE`,
 * `ERR_STORE_CORRUPT` or `ERR_REGISTRY_LOST` when it cannot be told.
 */
export type AuthenticateSandbox = (secretSha256: string) => Promise<SandboxRecord>

/** Makes {@link AuthenticateSandbox}. */
export function createAuthenticateSandbox({
  sandboxes,
  clock,
}: AuthenticateSandboxDependencies): AuthenticateSandbox {
  return async (secretSha256) => {
    const record = await sandboxes.findBySecretHash(secretSha256, clock())
    if (record === undefined) {
      throw new IssuerError('ERR_CREDENTIAL_UNKNOWN', 'the secret is not that of a live sandbox')
    }
    return record
  }
}
