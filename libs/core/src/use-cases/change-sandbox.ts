import { IssuerError } from '../errors.ts'
import type { SandboxRecord, SandboxRegistry, TokenFile } from '../ports/sandbox-registry.ts'
import type { UnixSeconds } from '../time.ts'
import { parseTokenFiles } from '../token-files.ts'
import { createFindRunner } from './find-runner.ts'
import type { SandboxAdministrationDependencies } from './register-sandbox.ts'
import { assertExpiry, assertFilesHaveRunner, assertSandboxPolicy } from './sandbox-policy.ts'

/** What to change about a sandbox; what is absent stays, `null` takes away. */
export interface SandboxChange {
  /** Unix seconds, in the future; `null` = lives until it is ended. */
  readonly expires_at?: number | null
  /** A registered runner; `null` = it asks the issuer itself. */
  readonly runner_id?: string | null
  /** Files that the runner keeps filled with tokens; `null` = one named `token`. Only with a runner. */
  readonly token_files?: readonly TokenFile[] | null
  readonly allowed_audiences?: readonly string[] | null
  readonly max_ttl?: number | null
  readonly subject?: 'sandbox' | 'app' | null
}

/**
 * Changes a live sandbox and gives its new record. Durable when it resolves.
 *
 * @throws {IssuerError} `ERR_SANDBOX_NOT_FOUND`; those of `RegisterSandbox` for what was asked; those of the registries.
 */
export type ChangeSandbox = (sandboxId: string, change: SandboxChange) => Promise<SandboxRecord>

/** Makes {@link ChangeSandbox}. */
export function createChangeSandbox({
  sandboxes,
  runners,
  clock,
}: SandboxAdministrationDependencies): ChangeSandbox {
  return async (sandboxId, change) => {
    const now = clock()
    const { runner_id: runnerId, token_files: files } = change
    const findRunner = createFindRunner(runners, now)
    const sound = files ? { ...change, token_files: parseTokenFiles(files) ?? null } : change
    return updateSandbox(sandboxes, sandboxId, now, async (record) => {
      const changed = applyChange(record, sound)
      assertExpiry(changed.expires_at, now)
      assertSandboxPolicy(changed)
      assertFilesHaveRunner(changed)
      // A renewed lease does not ask for the runner: only a sandbox that is assigned anew needs it to be there.
      if (typeof runnerId === 'string') await findRunner(runnerId)
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
  change: (record: SandboxRecord) => SandboxRecord | Promise<SandboxRecord>,
): Promise<SandboxRecord> {
  const attempts = 5
  for (let attempt = 1; ; attempt += 1) {
    const record = await sandboxes.findById(sandboxId, now)
    if (record === undefined) {
      throw new IssuerError('ERR_SANDBOX_NOT_FOUND', 'there is no live sandbox with that ID')
    }
    const changed = { ...(await change(record)), revision: record.revision + 1 }
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
  ...(['expires_at', 'runner_id', 'token_files', 'allowed_audiences', 'max_ttl', 'subject'] as const),
])

/** Only the members that may change are taken over: a change never touches secrets, the app or the revision. */
function applyChange(record: SandboxRecord, change: SandboxChange): SandboxRecord {
  const given = Object.entries<unknown>({ ...change }).filter(
    ([name, value]) => changeable.has(name) && value !== undefined,
  )
  const merged = Object.entries<unknown>({ ...record, ...Object.fromEntries(given) })
  return Object.fromEntries(merged.filter(([, value]) => value !== null)) as unknown as SandboxRecord
}
