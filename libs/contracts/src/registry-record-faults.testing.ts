import {
  IssuerError,
  unixSeconds,
  type IssuerErrorCode,
  type RunnerRecord,
  type SandboxRecord,
  type SecretHash,
} from '@workload-identity/core'
import { faulty, memoryRegistry, withoutPolicy, type BrokenRegistry } from './broken-registry.testing.ts'

/** Faults of what is kept, found, replaced and ended. */
export const recordFaults: readonly BrokenRegistry[] = [
  {
    fault: 'looks, lets others in, then writes',
    plant: faulty(({ sandboxes, runners }, storage) => ({
      sandboxes: {
        register: async (record, now) => {
          await assertAbsent(sandboxes.findById(record.sandbox_id, now), 'ERR_SANDBOX_EXISTS')
          await Promise.resolve()
          storage.sandboxes.delete(record.sandbox_id)
          await sandboxes.register(record, now)
        },
        replace: async (record, now) => {
          const stored = await sandboxes.findById(record.sandbox_id, now)
          await Promise.resolve()
          if (stored) storage.sandboxes.set(record.sandbox_id, stored)
          await sandboxes.replace(record, now)
        },
      },
      runners: {
        register: async (record, now) => {
          await assertAbsent(runners.findById(record.runner_id, now), 'ERR_RUNNER_EXISTS')
          await Promise.resolve()
          storage.runners.delete(record.runner_id)
          await runners.register(record, now)
        },
      },
    })),
    found: [
      'sandboxes: lets one of 50 concurrent registrations of an ID win',
      'sandboxes: lets one of 50 concurrent replacements of a revision win',
      'runners: lets one of 50 concurrent registrations of an ID win',
    ],
  },
  {
    fault: 'answers a bare record for an unknown ID',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        findById: async (id, now) =>
          (await sandboxes.findById(id, now)) ?? {
            sandbox_id: id,
            app: '',
            secrets: [],
            created_at: now,
            revision: 0,
          },
      },
    })),
    found: [
      'sandboxes: gives undefined for an ID that was never registered',
      'sandboxes: tells IDs apart that differ by case or one character, whatever characters they have',
      'sandboxes: rejects a replacement of an ID that was never registered with ERR_SANDBOX_NOT_FOUND',
      'sandboxes: no longer finds an ended sandbox by ID or secret, nor lists it, through any handle',
      'sandbox secrets: rejects a registration with a secret of another live sandbox with ERR_SECRET_IN_USE',
      'sandbox expiry: no longer finds a sandbox by ID at its expires_at',
      'sandbox expiry: goes by the expires_at of the replacement',
      'sandbox expiry: frees the secret of a sandbox for a registration at its expires_at, not one second before',
    ],
  },
  {
    fault: 'ending a sandbox does not end it',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: { end: async (id, now) => (await sandboxes.findById(id, now)) !== undefined },
    })),
    found: [
      'sandboxes: tells IDs apart that differ by case or one character, whatever characters they have',
      'sandboxes: no longer finds an ended sandbox by ID or secret, nor lists it, through any handle',
      'sandboxes: answers false to an end of what is not live, also the second time',
      'sandboxes: rejects a replacement of an ended ID with ERR_SANDBOX_NOT_FOUND',
      'sandboxes: lets an ended ID be registered again, with nothing left of the first',
      'sandbox secrets: frees the secret of an ended sandbox',
    ],
  },
  {
    fault: 'ending a runner does not end it',
    plant: faulty(({ runners }) => ({
      runners: { end: async (id, now) => (await runners.findById(id, now)) !== undefined },
    })),
    found: [
      'runners: no longer finds or lists an ended runner, through any handle, and frees its ID and secret',
    ],
  },
  {
    fault: 'ending a runner ends its sandboxes',
    plant: faulty(({ runners, sandboxes }) => ({
      runners: {
        end: async (id, now) => {
          for (const record of (await sandboxes.list({ limit: 1000, runnerId: id }, now)).items) {
            await sandboxes.end(record.sandbox_id, now)
          }
          return runners.end(id, now)
        },
      },
    })),
    found: ['runners: leaves the sandboxes of an ended runner alone'],
  },
  {
    fault: 'an end answers true always',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: { end: async (id, now) => (await sandboxes.end(id, now)) || true },
      runners: { end: async (id, now) => (await runners.end(id, now)) || true },
    })),
    found: [
      'sandboxes: answers false to an end of what is not live, also the second time',
      'sandbox expiry: answers false to an end at expires_at, true one second before',
      'runners: no longer finds or lists an ended runner, through any handle, and frees its ID and secret',
    ],
  },
  {
    fault: 'an ended ID never comes back',
    plant: faulty(({ sandboxes }) => {
      const ended = new Set<string>()
      return {
        sandboxes: {
          end: (id, now) => {
            ended.add(id)
            return sandboxes.end(id, now)
          },
          register: (record, now) =>
            sandboxes.register(
              ended.has(record.sandbox_id) ? { ...record, sandbox_id: 'elsewhere' } : record,
              now,
            ),
        },
      }
    }),
    found: [
      'sandboxes: answers false to an end of what is not live, also the second time',
      'sandboxes: lets an ended ID be registered again, with nothing left of the first',
    ],
  },
  {
    fault: 'a registration overwrites a live one',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        register: async (record, now) => {
          await sandboxes.end(record.sandbox_id, now)
          await sandboxes.register(record, now)
        },
      },
      runners: {
        register: async (record, now) => {
          await runners.end(record.runner_id, now)
          await runners.register(record, now)
        },
      },
    })),
    found: [
      'sandboxes: rejects a registration of a live ID with ERR_SANDBOX_EXISTS and keeps the first',
      'sandbox expiry: lets an ID be registered again at expires_at, not one second before',
      'runners: rejects a registration of a live ID with ERR_RUNNER_EXISTS and keeps the first',
    ],
  },
  {
    fault: 'a replacement is taken whatever its revision',
    plant: faulty(({ sandboxes, runners }, storage) => ({
      sandboxes: {
        replace: async (record, now) => {
          const stored = storage.sandboxes.get(record.sandbox_id)
          if (stored) storage.sandboxes.set(record.sandbox_id, { ...stored, revision: record.revision - 1 })
          await sandboxes.replace(record, now)
        },
      },
      runners: {
        replace: async (record, now) => {
          const stored = storage.runners.get(record.runner_id)
          if (stored) storage.runners.set(record.runner_id, { ...stored, revision: record.revision - 1 })
          await runners.replace(record, now)
        },
      },
    })),
    found: [
      'sandboxes: rejects a replacement of any other revision with ERR_REVISION_CONFLICT and changes nothing',
      'sandboxes: lets one of 50 concurrent replacements of a revision win',
      'runners: rejects a replacement of any other revision with ERR_REVISION_CONFLICT and changes nothing',
    ],
  },
  {
    fault: 'a replacement registers what is not there',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        replace: async (record, now) => {
          const stored = await sandboxes.findById(record.sandbox_id, now)
          await (stored === undefined ? sandboxes.register(record, now) : sandboxes.replace(record, now))
        },
      },
      runners: {
        replace: async (record, now) => {
          const stored = await runners.findById(record.runner_id, now)
          await (stored === undefined ? runners.register(record, now) : runners.replace(record, now))
        },
      },
    })),
    found: [
      'sandboxes: rejects a replacement of an ID that was never registered with ERR_SANDBOX_NOT_FOUND',
      'sandboxes: rejects a replacement of an ended ID with ERR_SANDBOX_NOT_FOUND',
      'sandbox expiry: rejects a replacement at expires_at with ERR_SANDBOX_NOT_FOUND, takes it one second before',
      'runners: rejects a replacement of an ID that is not registered with ERR_RUNNER_NOT_FOUND',
    ],
  },
  {
    fault: 'a replacement keeps what it left out',
    plant: faulty(({ sandboxes, runners }, storage) => ({
      sandboxes: {
        replace: (record, now) =>
          sandboxes.replace({ ...storage.sandboxes.get(record.sandbox_id), ...record }, now),
      },
      runners: {
        replace: (record, now) =>
          runners.replace({ ...storage.runners.get(record.runner_id), ...record }, now),
      },
    })),
    found: [
      'sandboxes: replaces a record as a whole when its revision follows the stored one',
      'sandbox expiry: rejects a replacement at expires_at with ERR_SANDBOX_NOT_FOUND, takes it one second before',
      'runners: replaces a record as a whole, secrets included, when its revision follows the stored one',
    ],
  },
  {
    fault: 'absent fields come back as null',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        findById: async (id, now) => {
          const record = await sandboxes.findById(id, now)
          return record && { runner_id: null as never, ...record }
        },
      },
      runners: {
        findById: async (id, now) => {
          const record = await runners.findById(id, now)
          return record && { token_url: null as never, ...record }
        },
      },
    })),
    found: [
      'sandboxes: keeps absent fields absent',
      'sandboxes: replaces a record as a whole when its revision follows the stored one',
      'sandboxes: rejects a replacement of any other revision with ERR_REVISION_CONFLICT and changes nothing',
      'sandboxes: lets an ended ID be registered again, with nothing left of the first',
      'sandbox secrets: keeps a sandbox and its other secret when one secret is past its valid_until',
      'sandbox expiry: rejects a replacement at expires_at with ERR_SANDBOX_NOT_FOUND, takes it one second before',
      'sandbox expiry: lets an ID be registered again at expires_at, not one second before',
      'runners: keeps absent fields absent',
      'runners: replaces a record as a whole, secrets included, when its revision follows the stored one',
      'runners: rejects a replacement of any other revision with ERR_REVISION_CONFLICT and changes nothing',
    ],
  },
  {
    fault: 'forgets the policy of a sandbox',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: { register: (record, now) => sandboxes.register(withoutPolicy(record), now) },
    })),
    found: [
      'sandboxes: gives back a record with every field as it was registered',
      'sandboxes: shows a registration to handles opened before and after',
      'sandbox list: gives whole records',
    ],
  },
  {
    fault: 'forgets the token URL of a runner',
    plant: faulty(({ runners }) => ({
      runners: { register: ({ token_url: _, ...record }, now) => runners.register(record, now) },
    })),
    found: [
      'runners: gives back a record with every field as it was registered, by ID and by each secret',
      'runners: rejects a registration of a live ID with ERR_RUNNER_EXISTS and keeps the first',
    ],
  },
  {
    fault: 'sorts the secrets of a record',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        register: (record, now) => sandboxes.register({ ...record, secrets: sorted(record.secrets) }, now),
      },
    })),
    found: [
      'sandboxes: gives back a record with every field as it was registered',
      'sandboxes: shows a registration to handles opened before and after',
      'sandbox secrets: finds the whole record by each of its two secrets',
      'sandbox secrets: keeps a sandbox and its other secret when one secret is past its valid_until',
    ],
  },
  {
    fault: 'IDs are compared without regard to case',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        register: (record, now) =>
          sandboxes.register({ ...record, sandbox_id: record.sandbox_id.toLowerCase() }, now),
        findById: (id, now) => sandboxes.findById(id.toLowerCase(), now),
        end: (id, now) => sandboxes.end(id.toLowerCase(), now),
      },
      runners: {
        register: (record, now) =>
          runners.register({ ...record, runner_id: record.runner_id.toLowerCase() }, now),
        findById: (id, now) => runners.findById(id.toLowerCase(), now),
      },
    })),
    found: [
      'sandboxes: tells IDs apart that differ by case or one character, whatever characters they have',
      'sandbox list: orders by ID as ASCII text, whatever the order of registration',
      'sandbox list: gives every item once over pages of one and of two',
      'runners: lists every runner once, ordered by ID as ASCII text, over pages',
    ],
  },
  {
    fault: 'every handle has records of its own',
    plant: (storage, registryId) =>
      memoryRegistry(
        {
          sandboxes: new Map(),
          runners: new Map(),
          get registryId() {
            return storage.registryId as string
          },
          set registryId(id) {
            storage.registryId = id
          },
          get unavailable() {
            return storage.unavailable === true
          },
        },
        registryId,
      ),
    found: [
      'identity: does not call a storage empty that holds a sandbox, whatever registry is expected',
      'identity: calls a storage empty after it was wiped',
      'sandboxes: shows a registration to handles opened before and after',
      'sandboxes: lets one of 50 concurrent registrations of an ID win',
      'sandboxes: lets one of 50 concurrent replacements of a revision win',
      'runners: gives back a record with every field as it was registered, by ID and by each secret',
    ],
  },
  {
    fault: 'sandboxes and runners share their IDs and secrets',
    plant: faulty(({ sandboxes, runners }) => ({
      runners: {
        findById: async (id, now) => {
          const shared = await sandboxes.findById(id, now)
          return (await runners.findById(id, now)) ?? (shared && asRunner(shared))
        },
        findBySecretHash: async (sha256, now) => {
          const shared = await sandboxes.findBySecretHash(sha256, now)
          return (await runners.findBySecretHash(sha256, now)) ?? (shared && asRunner(shared))
        },
      },
    })),
    found: [
      'sandbox secrets: never finds a runner by its secret',
      'runners: gives undefined for an ID or a hash nobody has, also when a sandbox has it',
    ],
  },
]

async function assertAbsent(finding: Promise<unknown>, code: IssuerErrorCode): Promise<void> {
  if ((await finding) !== undefined) throw new IssuerError(code, 'already registered')
}

function sorted(secrets: readonly SecretHash[]): readonly SecretHash[] {
  return secrets.toSorted((left, right) => (left.sha256 < right.sha256 ? -1 : 1))
}

function asRunner({ sandbox_id, secrets }: SandboxRecord): RunnerRecord {
  return { runner_id: sandbox_id, secrets, created_at: unixSeconds(0), revision: 1 }
}
