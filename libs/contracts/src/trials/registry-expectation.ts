import { isDeepStrictEqual } from 'node:util'
import type { SandboxRecord, SandboxRegistry } from '@workload-identity/core'
import { TRIAL_NOW, trialSandbox, trialSecret } from './trial-sandbox.ts'
import type { ChangeMessage, RegistryChange } from './trial-task.ts'

/** What a registry ought to hold after everything it acknowledged. */
export interface RegistryExpectation {
  /** Takes in what a process told; the change it had begun when it died, if any, is given and not taken in. */
  follow(messages: readonly ChangeMessage[]): RegistryChange | undefined
  /** Takes in a change that happened. */
  apply(change: RegistryChange): void
  /** The record that the change makes of what is there now. */
  recordOf(change: RegistryChange): SandboxRecord | undefined
  /** Everything that `sandboxes` tells otherwise, by list, by ID or by a secret that was given out lately. */
  compare(sandboxes: SandboxRegistry): Promise<string[]>
}

/** Expects an empty registry. */
export function createRegistryExpectation(): RegistryExpectation {
  const records = new Map<string, SandboxRecord>()
  const ids = new Set<string>()
  const secrets = new Set<string>()

  const recordOf = ({ kind, ...change }: RegistryChange) => {
    if (kind === 'end') return undefined
    const stored = kind === 'register' ? undefined : records.get(change.sandbox_id)
    return trialSandbox({ kind, ...change }, (stored?.revision ?? 0) + 1)
  }
  const apply = (change: RegistryChange) => {
    const record = recordOf(change)
    if (record === undefined) records.delete(change.sandbox_id)
    else records.set(change.sandbox_id, record)
    ids.add(change.sandbox_id)
  }
  return {
    recordOf,
    apply,
    follow(messages) {
      // Those of live records are looked for anyway; the others have been seen to lead nowhere.
      secrets.clear()
      let pending: RegistryChange | undefined
      for (const message of messages) {
        const { serial } = 'doing' in message ? message.doing : message.done
        for (const secret of [trialSecret(serial), trialSecret(`${serial} old`)]) secrets.add(secret)
        pending = 'doing' in message ? message.doing : undefined
        if ('done' in message) apply(message.done)
      }
      return pending
    },
    async compare(sandboxes) {
      const problems: string[] = []
      const live = [...records.values()].sort((left, right) => (left.sandbox_id < right.sandbox_id ? -1 : 1))
      const { items } = await sandboxes.list({ limit: 1000 }, TRIAL_NOW)
      if (!isDeepStrictEqual(items, live)) problems.push('the list is another one than what was acknowledged')
      for (const id of ids) {
        const found = await sandboxes.findById(id, TRIAL_NOW)
        if (!isDeepStrictEqual(found, records.get(id)))
          problems.push(`${id} is another one than was acknowledged`)
      }
      const given = live.flatMap((record) => record.secrets.map(({ sha256 }) => sha256))
      for (const sha256 of new Set([...secrets, ...given])) {
        const owner = live.find((record) => record.secrets.some((secret) => secret.sha256 === sha256))
        const found = await sandboxes.findBySecretHash(sha256, TRIAL_NOW)
        if (isDeepStrictEqual(found, owner)) continue
        problems.push(`a secret leads to ${String(found?.sandbox_id)}, not ${String(owner?.sandbox_id)}`)
      }
      return problems
    },
  }
}
