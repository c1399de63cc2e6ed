import { createHash } from 'node:crypto'
import { unixSeconds, type SandboxRecord } from '@workload-identity/core'
import type { RegistryChange } from './trial-task.ts'

/** The moment at which trials happen; nothing of theirs expires. */
export const TRIAL_NOW = unixSeconds(1_767_225_600)

/** The registry ID that trials claim. */
export const TRIAL_REGISTRY = 'registry-of-the-trials'

/** The hash of the secret that change `serial` gives out. */
export function trialSecret(serial: number | string): string {
  return createHash('sha256').update(`secret ${serial}`).digest('hex')
}

/** The record that a change makes; every member can be told from the change and the revision, so that a mixture shows. */
export function trialSandbox(change: RegistryChange, revision: number): SandboxRecord {
  const { sandbox_id, serial } = change
  return {
    sandbox_id,
    app: `app-${serial}`,
    runner_id: `runner-${serial % 3}`,
    secrets: [{ sha256: trialSecret(serial) }, { sha256: trialSecret(`${serial} old`) }],
    allowed_audiences: Array.from({ length: 1 + (serial % 40) }, (_, index) => `audience-${serial}-${index}`),
    created_at: unixSeconds(1_767_000_000 + serial),
    revision,
  }
}
