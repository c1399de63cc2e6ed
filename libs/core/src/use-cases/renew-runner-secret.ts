import { IssuerError, isIssuerError } from '../errors.ts'
import type { RunnerRecord, RunnerRegistry } from '../ports/runner-registry.ts'
import { generateSecret, hashSecret } from '../secret.ts'
import type { UnixSeconds } from '../time.ts'
import type { RunnerAdministrationDependencies, RunnerWithSecret } from './register-runner.ts'
import { assertGrace, keepForGrace } from './secret-grace.ts'

/**
 * Gives a runner a new secret. The old one is dead after `graceSeconds` (0–86400); with 0 so are those that an earlier
 * renewal left in their grace, while a new grace leaves them to their own end.
 *
 * @throws {IssuerError} `ERR_RUNNER_NOT_FOUND`; `ERR_REQUEST_INVALID` for a grace out of range; those of the registry.
 */
export type RenewRunnerSecret = (runnerId: string, graceSeconds?: number) => Promise<RunnerWithSecret>

/** Makes {@link RenewRunnerSecret}. */
export function createRenewRunnerSecret({
  runners,
  clock,
}: RunnerAdministrationDependencies): RenewRunnerSecret {
  return async (runnerId, graceSeconds = 0) => {
    assertGrace(graceSeconds)
    const now = clock()
    const secret = generateSecret('runner')
    const sha256 = await hashSecret(secret)
    const record = await updateRunner(runners, runnerId, now, (current) => ({
      ...current,
      secrets: [{ sha256 }, ...keepForGrace(current.secrets, graceSeconds, now)],
    }))
    return { record, secret }
  }
}

/** Reads a runner, changes its record and saves it; again from the start when somebody else changed it in between. */
async function updateRunner(
  runners: RunnerRegistry,
  runnerId: string,
  now: UnixSeconds,
  change: (record: RunnerRecord) => RunnerRecord,
): Promise<RunnerRecord> {
  const attempts = 5
  for (let attempt = 1; ; attempt += 1) {
    const record = await runners.findById(runnerId, now)
    if (record === undefined) {
      throw new IssuerError('ERR_RUNNER_NOT_FOUND', 'there is no runner with that ID')
    }
    const changed = { ...change(record), revision: record.revision + 1 }
    try {
      await runners.replace(changed, now)
      return changed
    } catch (error) {
      if (!isIssuerError(error, 'ERR_REVISION_CONFLICT') || attempt === attempts) throw error
    }
  }
}
