import type { RunnerRecord } from '../ports/runner-registry.ts'
import { generateSecret, hashSecret } from '../secret.ts'
import { updateSandbox } from './change-sandbox.ts'
import type { SandboxAdministrationDependencies, SandboxWithSecret } from './register-sandbox.ts'
import { assertGrace, keepForGrace } from './secret-grace.ts'

/** A sandbox with the new secret that was made for it. */
export type RenewedSandboxSecret = SandboxWithSecret & { readonly secret: string }

/**
 * Gives a live sandbox a new secret. The old one is dead after `graceSeconds` (0–86400); with 0 so are those that an
 * earlier renewal left in their grace, while a new grace leaves them to their own end.
 *
 * @throws {IssuerError} `ERR_SANDBOX_NOT_FOUND`; `ERR_REQUEST_INVALID` for a grace out of range; those of the registries.
 */
export type RenewSandboxSecret = (sandboxId: string, graceSeconds?: number) => Promise<RenewedSandboxSecret>

/** Makes {@link RenewSandboxSecret}. */
export function createRenewSandboxSecret({
  sandboxes,
  runners,
  clock,
}: SandboxAdministrationDependencies): RenewSandboxSecret {
  return async (sandboxId, graceSeconds = 0) => {
    assertGrace(graceSeconds)
    const now = clock()
    const secret = generateSecret('sandbox')
    const sha256 = await hashSecret(secret)
    let runner: RunnerRecord | undefined
    const record = await updateSandbox(sandboxes, sandboxId, now, async (current) => {
      // Before the old secret ends: if the runner cannot be told, nobody would be given the new one.
      runner = current.runner_id === undefined ? undefined : await runners.findById(current.runner_id, now)
      return { ...current, secrets: [{ sha256 }, ...keepForGrace(current.secrets, graceSeconds, now)] }
    })
    return { record, secret, ...(runner !== undefined && { runner }) }
  }
}
