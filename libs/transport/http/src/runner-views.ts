import type { Assignment, AssignmentList, RunnerBody, RunnerWithSecretBody } from '@workload-identity/api'
import {
  tokenFilesOf,
  type AssignmentSnapshot,
  type RunnerRecord,
  type RunnerWithSecret,
  type SandboxRecord,
} from '@workload-identity/core'

/** The members of a runner's record that may be shown; copied from an allow-list. */
export function toRunnerView({ runner_id, token_url, token_dir, created_at }: RunnerRecord): RunnerBody {
  return { runner_id, token_url: token_url ?? null, token_dir: token_dir ?? null, created_at }
}

/** The answer to a registration and to a renewed secret. */
export function toRunnerSecretView({ record, secret }: RunnerWithSecret): RunnerWithSecretBody {
  const { runner_id, token_url, token_dir } = toRunnerView(record)
  return { runner_id, token_url, token_dir, secret }
}

/** The assignments of a runner as it sees them. */
export function toAssignmentList({
  runner_id,
  registry_id,
  sandboxes,
  ended,
}: AssignmentSnapshot): AssignmentList {
  return {
    runner_id,
    registry_id,
    sandboxes: sandboxes.map(toAssignment),
    ended: ended.map(({ sandbox_id, ended_at }) => ({ sandbox_id, ended_at })),
  }
}

function toAssignment(record: SandboxRecord): Assignment {
  const { sandbox_id, app, secrets, expires_at, allowed_audiences, max_ttl, subject } = record
  return {
    sandbox_id,
    app,
    secrets: secrets.map(({ sha256, valid_until }) => ({
      sha256,
      ...(valid_until !== undefined && { valid_until }),
    })),
    ...(expires_at !== undefined && { expires_at }),
    token_files: tokenFilesOf(record).map(({ name, audience, ttl }) => ({
      name,
      ...(audience !== undefined && { audience: typeof audience === 'string' ? audience : [...audience] }),
      ...(ttl !== undefined && { ttl }),
    })),
    ...(allowed_audiences !== undefined && { allowed_audiences: [...allowed_audiences] }),
    ...(max_ttl !== undefined && { max_ttl }),
    ...(subject !== undefined && { subject }),
  }
}
