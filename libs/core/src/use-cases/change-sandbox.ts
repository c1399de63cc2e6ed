import { IssuerError } from '../errors.ts'
import { parseIdentifier } from '../identifiers.ts'
import type { SandboxRecord, SandboxRegistry } from '../ports/sandbox-registry.ts'
import type { UnixSeconds } from '../time.ts'
import type { SandboxAdministrationDependencies } from './register-sandbox.ts'
import { assertExpiry, assertSandboxPolicy } from './sandbox-policy.ts'

/** What to change about a sandbox; what is absent stays, `null` takes away. */
export interface SandboxChange {
  /** Unix seconds, in the future; `null` = lives until it is ended. */
  readonly expires_at?: number | null
  readonly runner_id?: string | null
  readonly allowed_audiences?: readonly string[] | null
  readonly max_ttl?: number | null
  readonly subject?: 'sandbox' | 'app' | null
}

/**
 * Changes a live sandbox and gives its new record. Durable when it resolves.
 *
 * @throws {IssuerError} `ERR_SANDBOX_NOT_FOUND`; those of `RegisterSandbox` for what was asked; those of the registry.
 */
export type ChangeSandbox = (sandboxId: string, change: SandboxChange) => Promise<SandboxRecord>

/** Makes {@link ChangeSandbox}. */
export function createChangeSandbox({ sandboxes, clock }: SandboxAdministrationDependencies): ChangeSandbox {
  return async (sandboxId, change) => {
    const now = clock()
    if (typeof change.runner_id === 'string') parseIdentifier('runner_id', change.runner_id)
    return updateSandbox(sandboxes, sandboxId, now, (record) => {
      const changed = applyChange(record, change)
      assertExpiry(changed.expires_at, now)
      assertSandboxPolicy(changed)
      return changed
    })
  }
}

/**
 * Reads a live sandbox, changes its record and saves it; again from the start when somebody else changed it in between.
 *
 * @throws {IssuerError} `ERR_SANDBOX_NOT_FOUND`; what `change` throws; those of the registry.
 */
export async function updateSandbox(
  sandboxes: SandboxRegistry,
  sandboxId: string,
  now: UnixSeconds,
  change: (record: SandboxRecord) => SandboxRecord,
): Promise<SandboxRecord> {
  const attempts = 5
  for (let attempt = 1; ; attempt += 1) {
    const record = await sandboxes.findById(sandboxId, now)
    if (record === undefined) {
      throw new IssuerError('ERR_SANDBOX_NOT_FOUND', 'there is no live sandbox with that ID')
    }
    const changed = { ...change(record), revision: record.revision + 1 }
    try {
      await sandboxes.replace(changed, now)
      return changed
    } catch (error) {
      const isRace = error instanceof IssuerError && error.code === 'ERR_REVISION_CONFLICT'
      if (!isRace || attempt === attempts) throw error
    }
  }
}

const changeable: ReadonlySet<string> = new Set<keyof SandboxChange>([
  ...(['expires_at', 'runner_id', 'allowed_audiences', 'max_ttl', 'subject'] as const),
])

/** Only the members that may change are taken over: a change never touches secrets, the app or the revision. */
function applyChange(record: SandboxRecord, change: SandboxChange): SandboxRecord {
  const given = Object.entries<unknown>({ ...change }).filter(
    ([name, value]) => changeable.has(name) && value !== undefined,
  )
  const merged = Object.entries<unknown>({ ...record, ...Object.fromEntries(given) })
  return Object.fromEntries(merged.filter(([, value]) => value !== null)) as unknown as SandboxRecord
}
