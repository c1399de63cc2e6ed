import { IssuerError, type IssuerErrorCode } from '@workload-identity/core'
import { faulty, type BrokenRegistry } from './broken-registry.testing.ts'

/** Faults of registering, replacing and ending. */
export const changeFaults: readonly BrokenRegistry[] = [
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
]

async function assertAbsent(finding: Promise<unknown>, code: IssuerErrorCode): Promise<void> {
  if ((await finding) !== undefined) throw new IssuerError(code, 'already registered')
}
