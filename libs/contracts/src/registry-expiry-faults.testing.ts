import { addSeconds, seconds, unixSeconds, type UnixSeconds } from '@workload-identity/core'
import { faulty, type BrokenRegistry, type PlantRegistry } from './broken-registry.testing.ts'

const EPOCH = unixSeconds(0)

/** Faults of when a sandbox ends by itself, and of clearing up. */
export const expiryFaults: readonly BrokenRegistry[] = [
  {
    fault: 'finds by ID whatever expires_at',
    plant: faulty(({ sandboxes }) => ({ sandboxes: { findById: (id) => sandboxes.findById(id, EPOCH) } })),
    found: [
      'sandbox expiry: no longer finds a sandbox by ID at its expires_at',
      'sandbox expiry: goes by the expires_at of the replacement',
      'sandbox expiry: frees the secret of a sandbox for a registration at its expires_at, not one second before',
    ],
  },
  {
    fault: 'lists whatever expires_at',
    plant: faulty(({ sandboxes }) => ({ sandboxes: { list: (query) => sandboxes.list(query, EPOCH) } })),
    found: [
      'sandbox expiry: no longer lists a sandbox at its expires_at',
      'sandbox list: counts only live sandboxes towards a page',
    ],
  },
  {
    fault: 'finds by secret whatever expires_at',
    plant: faulty(({ sandboxes }, { sandboxes: records }) => ({
      sandboxes: {
        findBySecretHash: async (sha256, now) =>
          (await sandboxes.findBySecretHash(sha256, now)) ??
          [...records.values()].find(({ secrets }) =>
            secrets.some((secret) => secret.sha256 === sha256 && now < (secret.valid_until ?? Infinity)),
          ),
      },
    })),
    found: ['sandbox expiry: no longer finds a sandbox by secret at its expires_at'],
  },
  {
    fault: 'ends and replaces whatever expires_at',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        end: (id) => sandboxes.end(id, EPOCH),
        replace: (record) => sandboxes.replace(record, EPOCH),
      },
    })),
    found: [
      'sandbox secrets: frees a secret for a replacement at its valid_until, not one second before',
      'sandbox secrets: leaves a secret to its new owner when who had it before is replaced, with it and without it',
      'sandbox expiry: answers false to an end at expires_at, true one second before',
      'sandbox expiry: rejects a replacement at expires_at with ERR_SANDBOX_NOT_FOUND, takes it one second before',
      'sandbox expiry: frees the secret of an expired sandbox for a replacement',
    ],
  },
  {
    fault: 'an expired sandbox keeps its ID and its secrets',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: { register: (record) => sandboxes.register(record, EPOCH) },
    })),
    found: [
      'sandbox secrets: frees a secret for a registration at its valid_until, not one second before',
      'sandbox secrets: leaves a secret to its new owner when who had it before is replaced, with it and without it',
      'sandbox expiry: lets an ID be registered again at expires_at, not one second before',
      'sandbox expiry: frees the secret of a sandbox for a registration at its expires_at, not one second before',
    ],
  },
  {
    fault: 'everything lives one second too long',
    plant: shifted(-1),
    found: [
      'sandbox secrets: no longer finds a secret at its valid_until',
      'sandbox secrets: gives a kept secret the valid_until of the replacement',
      'sandbox secrets: frees a secret for a registration at its valid_until, not one second before',
      'sandbox secrets: frees a secret for a replacement at its valid_until, not one second before',
      'sandbox secrets: leaves a secret to its new owner when who had it before is replaced, with it and without it',
      'sandbox expiry: no longer finds a sandbox by ID at its expires_at',
      'sandbox expiry: no longer finds a sandbox by secret at its expires_at',
      'sandbox expiry: no longer lists a sandbox at its expires_at',
      'sandbox expiry: answers false to an end at expires_at, true one second before',
      'sandbox expiry: rejects a replacement at expires_at with ERR_SANDBOX_NOT_FOUND, takes it one second before',
      'sandbox expiry: goes by the expires_at of the replacement',
      'sandbox expiry: lets an ID be registered again at expires_at, not one second before',
      'sandbox expiry: frees the secret of a sandbox for a registration at its expires_at, not one second before',
      'sandbox expiry: frees the secret of an expired sandbox for a replacement',
      'sandbox expiry: removes at most as many expired records as told and gives their number',
      'sandbox expiry: keeps live sandboxes, their secrets and their expiry when expired ones are removed',
      'sandbox list: counts only live sandboxes towards a page',
      'runners: finds a secret one second before its valid_until, no longer at it',
      'runners: frees a secret at its valid_until, not one second before',
    ],
  },
  {
    fault: 'everything lives one second too short',
    plant: shifted(1),
    found: [
      'sandbox secrets: finds the whole record by each of its two secrets',
      'sandbox secrets: finds a secret one second before its valid_until',
      'sandbox secrets: gives a kept secret the valid_until of the replacement',
      'sandbox secrets: frees a secret for a registration at its valid_until, not one second before',
      'sandbox secrets: frees a secret for a replacement at its valid_until, not one second before',
      'sandbox expiry: finds and lists a sandbox one second before its expires_at',
      'sandbox expiry: answers false to an end at expires_at, true one second before',
      'sandbox expiry: rejects a replacement at expires_at with ERR_SANDBOX_NOT_FOUND, takes it one second before',
      'sandbox expiry: lets an ID be registered again at expires_at, not one second before',
      'sandbox expiry: frees the secret of a sandbox for a registration at its expires_at, not one second before',
      'sandbox expiry: removes at most as many expired records as told and gives their number',
      'sandbox expiry: keeps live sandboxes, their secrets and their expiry when expired ones are removed',
      'runners: gives back a record with every field as it was registered, by ID and by each secret',
      'runners: finds a secret one second before its valid_until, no longer at it',
    ],
  },
  {
    fault: 'a replacement keeps the expires_at and the runner of the record',
    plant: faulty(({ sandboxes }, storage) => ({
      sandboxes: {
        replace: (record, now) => {
          const { expires_at, runner_id } = storage.sandboxes.get(record.sandbox_id) ?? {}
          const kept = { ...(expires_at && { expires_at }), ...(runner_id && { runner_id }) }
          return sandboxes.replace({ ...record, ...kept }, now)
        },
      },
    })),
    found: [
      'sandboxes: replaces a record as a whole when its revision follows the stored one',
      'sandbox expiry: rejects a replacement at expires_at with ERR_SANDBOX_NOT_FOUND, takes it one second before',
      'sandbox expiry: goes by the expires_at of the replacement',
      'sandbox list: follows a sandbox to the runner its replacement names',
    ],
  },
  {
    fault: 'removes expired records beyond the limit',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: { removeExpired: (now) => sandboxes.removeExpired(now, 1000) },
    })),
    found: ['sandbox expiry: removes at most as many expired records as told and gives their number'],
  },
  {
    fault: 'removes every record that will ever expire',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: { removeExpired: (_, limit) => sandboxes.removeExpired(unixSeconds(9_999_999_999), limit) },
    })),
    found: [
      'sandbox expiry: removes at most as many expired records as told and gives their number',
      'sandbox expiry: keeps live sandboxes, their secrets and their expiry when expired ones are removed',
    ],
  },
]

function shifted(by: number): PlantRegistry {
  const at = (now: UnixSeconds) => addSeconds(now, seconds(by))
  return faulty(({ sandboxes, runners }) => ({
    sandboxes: {
      register: (record, now) => sandboxes.register(record, at(now)),
      replace: (record, now) => sandboxes.replace(record, at(now)),
      findById: (id, now) => sandboxes.findById(id, at(now)),
      findBySecretHash: (sha256, now) => sandboxes.findBySecretHash(sha256, at(now)),
      list: (query, now) => sandboxes.list(query, at(now)),
      end: (id, now) => sandboxes.end(id, at(now)),
      removeExpired: (now, limit) => sandboxes.removeExpired(at(now), limit),
    },
    runners: { findBySecretHash: (sha256, now) => runners.findBySecretHash(sha256, at(now)) },
  }))
}
