import { IssuerError, type RunnerRecord, type SandboxRecord, type UnixSeconds } from '@workload-identity/core'
import { faulty, type BrokenRegistry } from './broken-registry.testing.ts'

type SecretOwner = SandboxRecord | RunnerRecord

/** Faults of secrets whose time is over: they are nobody's. */
export const outdatedSecretFaults: readonly BrokenRegistry[] = [
  {
    fault: 'a secret stays taken after its valid_until',
    plant: faulty(({ sandboxes, runners }, storage) => {
      const assertNeverTaken = (records: Iterable<SecretOwner>, own: SecretOwner, ownId: string) => {
        const others = [...records].filter((other) => idOf(other) !== ownId)
        if (own.secrets.some(({ sha256 }) => others.some((other) => has(other, sha256)))) {
          throw new IssuerError('ERR_SECRET_IN_USE', 'another one has or had the same secret')
        }
      }
      return {
        sandboxes: {
          register: async (record, now) => {
            await sandboxes.register(record, now)
            storage.sandboxes.delete(record.sandbox_id)
            assertNeverTaken(liveOf(storage.sandboxes.values(), now), record, record.sandbox_id)
            await sandboxes.register(record, now)
          },
          replace: async (record, now) => {
            const before = storage.sandboxes.get(record.sandbox_id)
            await sandboxes.replace(record, now)
            if (before !== undefined) storage.sandboxes.set(record.sandbox_id, before)
            assertNeverTaken(liveOf(storage.sandboxes.values(), now), record, record.sandbox_id)
            await sandboxes.replace(record, now)
          },
        },
        runners: {
          register: async (record, now) => {
            await runners.register(record, now)
            storage.runners.delete(record.runner_id)
            assertNeverTaken(storage.runners.values(), record, record.runner_id)
            await runners.register(record, now)
          },
        },
      }
    }),
    found: [
      'sandbox secrets: frees a secret for a registration at its valid_until, not one second before',
      'sandbox secrets: frees a secret for a replacement at its valid_until, not one second before',
      'sandbox secrets: leaves a secret to its new owner when who had it before is replaced, with it and without it',
      'runners: frees a secret at its valid_until, not one second before',
    ],
  },
  {
    fault: 'a replacement takes back the secrets that are over',
    plant: faulty(({ sandboxes }) => {
      const takenBack = new Set<string>()
      return {
        sandboxes: {
          replace: async (record, now) => {
            await sandboxes.replace(record, now)
            for (const { sha256, valid_until = Infinity } of record.secrets) {
              if (valid_until <= now) takenBack.add(sha256)
            }
          },
          findBySecretHash: async (sha256, now) => {
            const found = await sandboxes.findBySecretHash(sha256, now)
            return takenBack.has(sha256) ? undefined : found
          },
        },
      }
    }),
    found: [
      'sandbox secrets: leaves a secret to its new owner when who had it before is replaced, with it and without it',
    ],
  },
]

function idOf(record: SecretOwner): string {
  return 'sandbox_id' in record ? record.sandbox_id : record.runner_id
}

function liveOf(records: Iterable<SandboxRecord>, now: UnixSeconds): readonly SandboxRecord[] {
  return [...records].filter(({ expires_at = Infinity }) => now < expires_at)
}

function has({ secrets }: SecretOwner, sha256: string): boolean {
  return secrets.some((secret) => secret.sha256 === sha256)
}
