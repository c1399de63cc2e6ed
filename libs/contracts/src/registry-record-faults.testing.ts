import { unixSeconds, type RunnerRecord, type SandboxRecord, type SecretHash } from '@workload-identity/core'
import { faulty, memoryRegistry, withoutPolicy, type BrokenRegistry } from './broken-registry.testing.ts'

/** Faults of what is kept of a record and under which ID. */
export const recordFaults: readonly BrokenRegistry[] = [
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

function sorted(secrets: readonly SecretHash[]): readonly SecretHash[] {
  return secrets.toSorted((left, right) => (left.sha256 < right.sha256 ? -1 : 1))
}

function asRunner({ sandbox_id, secrets }: SandboxRecord): RunnerRecord {
  return { runner_id: sandbox_id, secrets, created_at: unixSeconds(0), revision: 1 }
}
