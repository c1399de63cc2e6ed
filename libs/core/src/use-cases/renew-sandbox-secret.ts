import { IssuerError } from '../errors.ts'
import type { SecretHash } from '../ports/registry.ts'
import { generateSecret, hashSecret } from '../secret.ts'
import { addSeconds, seconds, type UnixSeconds } from '../time.ts'
import { updateSandbox } from './change-sandbox.ts'
import type { SandboxAdministrationDependencies, SandboxWithSecret } from './register-sandbox.ts'

/** The longest that a replaced secret may go on working, in seconds. */
export const MAX_GRACE = seconds(86_400)

/** How many replaced secrets of a sandbox may be in their grace at the same time; beyond that, those that end first end at once. */
export const MAX_SECRETS_IN_GRACE = 10

/**
 * Gives a live sandbox a new secret. The old one is dead after `graceSeconds` (0–86400); with 0 so are those that an
 * earlier renewal left in their grace, while a new grace leaves them to their own end.
 *
 * @throws {IssuerError} `ERR_SANDBOX_NOT_FOUND`; `ERR_REQUEST_INVALID` for a grace out of range; those of the registry.
 */
export type RenewSandboxSecret = (
  sandboxId: string,
  graceSeconds?: number,
) => Promise<Required<SandboxWithSecret>>

/** Makes {@link RenewSandboxSecret}. */
export function createRenewSandboxSecret({
  sandboxes,
  clock,
}: SandboxAdministrationDependencies): RenewSandboxSecret {
  return async (sandboxId, graceSeconds = 0) => {
    if (!Number.isInteger(graceSeconds) || graceSeconds < 0 || graceSeconds > MAX_GRACE) {
      throw new IssuerError(
        'ERR_REQUEST_INVALID',
        `grace_seconds must be a whole number of seconds within 0 and ${MAX_GRACE}`,
        { details: { name: 'grace_seconds' } },
      )
    }
    const now = clock()
    const secret = generateSecret('sandbox')
    const sha256 = await hashSecret(secret)
    const record = await updateSandbox(sandboxes, sandboxId, now, (current) => ({
      ...current,
      secrets: [{ sha256 }, ...keepForGrace(current.secrets, graceSeconds, now)],
    }))
    return { record, secret }
  }
}

/** The secrets that go on working: the one in force until the grace ends, those in their grace until theirs does. */
function keepForGrace(
  secrets: readonly SecretHash[],
  graceSeconds: number,
  now: UnixSeconds,
): readonly SecretHash[] {
  if (graceSeconds === 0) return []
  const graceEnds = addSeconds(now, seconds(graceSeconds))
  return secrets
    .filter(({ valid_until = graceEnds }) => now < valid_until)
    .map(({ sha256, valid_until = graceEnds }) => ({ sha256, valid_until }))
    .sort((left, right) => right.valid_until - left.valid_until)
    .slice(0, MAX_SECRETS_IN_GRACE)
}
