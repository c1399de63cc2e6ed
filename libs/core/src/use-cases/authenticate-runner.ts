import { IssuerError } from '../errors.ts'
import type { RunnerRecord, RunnerRegistry } from '../ports/runner-registry.ts'
import type { Clock } from '../time.ts'

/** What authentication of a runner needs. */
export interface AuthenticateRunnerDependencies {
  readonly runners: Pick<RunnerRegistry, 'findById' | 'findBySecretHash'>
  readonly clock: Clock
}

/**
 * Finds the runner that a credential proves. Both throw {@link IssuerError} `ERR_CREDENTIAL_UNKNOWN` when it is known that
 * there is none; `ERR_STORE_UNAVAILABLE`, `ERR_STORE_CORRUPT` or `ERR_REGISTRY_LOST` when it cannot be told.
 */
export interface AuthenticateRunner {
  /** The runner that has the secret with that SHA-256 (64 lower-case hexadecimal digits). */
  bySecret(secretSha256: string): Promise<RunnerRecord>

  /** The runner with that ID. The caller has proved it, by a certificate; an ID alone proves nothing. */
  byId(runnerId: string): Promise<RunnerRecord>
}

/** Makes {@link AuthenticateRunner}. */
export function createAuthenticateRunner({
  runners,
  clock,
}: AuthenticateRunnerDependencies): AuthenticateRunner {
  return {
    async bySecret(secretSha256) {
      const record = await runners.findBySecretHash(secretSha256, clock())
      return record ?? refuse('the secret is not that of a runner')
    },
    async byId(runnerId) {
      const record = await runners.findById(runnerId, clock())
      return record ?? refuse('the certificate names no runner that is registered')
    },
  }
}

function refuse(message: string): never {
  throw new IssuerError('ERR_CREDENTIAL_UNKNOWN', message)
}
