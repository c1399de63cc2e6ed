import {
  buildSandboxEnvironment,
  type SandboxRecord,
  type SandboxPolicy,
  type SandboxWithSecret,
} from '@workload-identity/core'

/** A sandbox as admins see it: nothing of its secrets. */
export interface SandboxView extends SandboxPolicy {
  readonly sandbox_id: string
  readonly app: string
  /** `null` when the sandbox asks the issuer itself. */
  readonly runner_id: string | null
  readonly created_at: number
  readonly expires_at?: number
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
  const { allowed_audiences, max_ttl, subject } = record
  return {
    sandbox_id,
    app,
    runner_id,
    created_at,
    ...(expires_at !== undefined && { expires_at }),
    ...(allowed_audiences !== undefined && { allowed_audiences }),
    ...(max_ttl !== undefined && { max_ttl }),
    ...(subject !== undefined && { subject }),
  }
}

/** The answer to a registration and to a renewed secret. */
export function toSandboxSecretView(
  { record, secret }: SandboxWithSecret,
  addresses: { readonly issuerUrl: string; readonly tokenUrl: string },
): SandboxSecretView {
  const { sandbox_id, app, runner_id = null } = record
  const withSecret = secret === undefined ? {} : { secret }
  return {
    sandbox_id,
    app,
    runner_id,
    ...withSecret,
    env: buildSandboxEnvironment({ ...addresses, ...withSecret }),
  }
}
