import { IssuerError } from '../errors.ts'
import type { SecretHash } from '../ports/registry.ts'
import { generateSecret, hashSecret } from '../secret.ts'
import { addSeconds, seconds, type UnixSeconds } from '../time.ts'
import { updateSandbox } from './change-sandbox.ts'
import type { SandboxAdministrationDependencies, SandboxWithSecret } from './register-sandbox.ts'

/** The longest that a replaced secret may go on working, in seconds. */
export const MAX_GRACE = seconds(86_400)

/**
 * Gives a live sandbox a new secret. The old one is dead at once, or after `graceSeconds` (0–86400).
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

/** The newest of the old secrets, if it gets a grace; one that was already ending does not end later than that. */
function keepForGrace(
  secrets: readonly SecretHash[],
  graceSeconds: number,
  now: UnixSeconds,
): readonly SecretHash[] {
  const newest = secrets[0]
  if (newest === undefined || graceSeconds === 0) return []
  const graceEnds = addSeconds(now, seconds(graceSeconds))
  const end =
    newest.valid_until !== undefined && newest.valid_until < graceEnds ? newest.valid_until : graceEnds
  return [{ sha256: newest.sha256, valid_until: end }]
}
