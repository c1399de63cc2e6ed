import {
  buildSandboxEnvironment,
  tokenPathOf,
  type SandboxRecord,
  type SandboxPolicy,
  type SandboxRegistration,
  type SandboxWithSecret,
} from '@workload-identity/core'
import type { AdminActionFacts } from './audit-facts.ts'

/** A sandbox as admins see it: nothing of its secrets. */
export interface SandboxView extends SandboxPolicy {
  readonly sandbox_id: string
  readonly app: string
  /** `null` when the sandbox asks the issuer itself. */
  readonly runner_id: string | null
  readonly created_at: number
  readonly expires_at?: number
  readonly secret_file?: string
  readonly token_files?: SandboxRecord['token_files']
}

/** A sandbox that was just given a secret: the only answer that ever holds one. */
export interface SandboxSecretView {
  readonly sandbox_id: string
  readonly app: string
  readonly runner_id: string | null
  /** Absent when the caller brought the hash of a secret of its own. */
  readonly secret?: string
  /** The environment variables to inject. */
  readonly env: Readonly<Record<string, string>>
}

/** The members of a record that may be shown; copied from an allow-list. */
export function toSandboxView(record: SandboxRecord): SandboxView {
  const { sandbox_id, app, runner_id = null, created_at, expires_at } = record
  const { secret_file, token_files, allowed_audiences, max_ttl, subject } = record
  return {
    sandbox_id,
    app,
    runner_id,
    created_at,
    ...(expires_at !== undefined && { expires_at }),
    ...(secret_file !== undefined && { secret_file }),
    ...(token_files !== undefined && { token_files }),
    ...(allowed_audiences !== undefined && { allowed_audiences }),
    ...(max_ttl !== undefined && { max_ttl }),
    ...(subject !== undefined && { subject }),
  }
}

/**
 * The answer to a registration and to a renewed secret. A sandbox with a runner gets its tokens from the runner's proxy, if
 * it is known where that is.
 */
export async function toSandboxSecretView(
  { record, secret, runner }: SandboxWithSecret,
  addresses: { readonly issuerUrl: string; readonly tokenUrl: string },
): Promise<SandboxSecretView> {
  const { sandbox_id, app, runner_id = null, secret_file: secretFile } = record
  const { issuerUrl, tokenUrl } = addresses
  const tokenPath = await tokenPathOf(record, runner)
  const withSecret = secret === undefined ? {} : { secret }
  return {
    sandbox_id,
    app,
    runner_id,
    ...withSecret,
    env: buildSandboxEnvironment({
      issuerUrl,
      tokenUrl: runner?.token_url ?? tokenUrl,
      ...withSecret,
      ...(secretFile !== undefined && { secretFile }),
      ...(tokenPath !== undefined && { tokenPath }),
    }),
  }
}

/** What an audit notes of a registration that is asked for. */
export function toRegistrationFacts({
  sandbox_id,
  app,
  runner_id,
}: SandboxRegistration): Pick<AdminActionFacts, 'sandbox_id' | 'app' | 'runner_id'> {
  return { sandbox_id, app, ...(runner_id !== undefined && { runner_id }) }
}
