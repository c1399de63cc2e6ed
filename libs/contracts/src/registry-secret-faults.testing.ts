import { IssuerError, type SandboxRecord } from '@workload-identity/core'
import { faulty, type BrokenRegistry } from './broken-registry.testing.ts'

/** Faults of secrets: whose they are and when they count. */
export const secretFaults: readonly BrokenRegistry[] = [
  {
    fault: 'finds by secret whatever its valid_until',
    plant: faulty(({ sandboxes, runners }, storage) => ({
      sandboxes: {
        findBySecretHash: async (sha256, now) => {
          const found = await sandboxes.findBySecretHash(sha256, now)
          const outdated = [...storage.sandboxes.values()].find(
            (record) => has(record, sha256) && now < (record.expires_at ?? Infinity),
          )
          return found ?? outdated
        },
      },
      runners: {
        findBySecretHash: async (sha256, now) => {
          const found = await runners.findBySecretHash(sha256, now)
          return found ?? [...storage.runners.values()].find((record) => has(record, sha256))
        },
      },
    })),
    found: [
      'sandbox secrets: no longer finds a secret at its valid_until',
      'sandbox secrets: gives a kept secret the valid_until of the replacement',
      'runners: finds a secret one second before its valid_until, no longer at it',
    ],
  },
  {
    fault: 'a sandbox ends with its first secret',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        findById: async (id, now) => {
          const record = await sandboxes.findById(id, now)
          return record?.secrets.some(({ valid_until = Infinity }) => valid_until <= now) ? undefined : record
        },
      },
    })),
    found: ['sandbox secrets: keeps a sandbox and its other secret when one secret is past its valid_until'],
  },
  {
    fault: 'finds by the last secret only',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        findBySecretHash: async (sha256, now) => {
          const record = await sandboxes.findBySecretHash(sha256, now)
          return record?.secrets.at(-1)?.sha256 === sha256 ? record : undefined
        },
      },
      runners: {
        findBySecretHash: async (sha256, now) => {
          const record = await runners.findBySecretHash(sha256, now)
          return record?.secrets.at(-1)?.sha256 === sha256 ? record : undefined
        },
      },
    })),
    found: [
      'sandbox secrets: finds the whole record by each of its two secrets',
      'sandbox secrets: keeps a sandbox and its other secret when one secret is past its valid_until',
      'sandbox secrets: frees a secret for a registration at its valid_until, not one second before',
      'runners: gives back a record with every field as it was registered, by ID and by each secret',
      'runners: frees a secret at its valid_until, not one second before',
    ],
  },
  {
    fault: 'finds somebody for every hash',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        findBySecretHash: async (sha256, now) =>
          (await sandboxes.findBySecretHash(sha256, now)) ??
          (await sandboxes.list({ limit: 1 }, now)).items[0],
      },
    })),
    found: [
      'sandboxes: rejects a registration of a live ID with ERR_SANDBOX_EXISTS and keeps the first',
      'sandboxes: rejects a replacement of any other revision with ERR_REVISION_CONFLICT and changes nothing',
      'sandboxes: lets an ended ID be registered again, with nothing left of the first',
      'sandboxes: refuses members of a batch each for itself and registers the others',
      'sandboxes: lets a batch replace expired ones and give a batch of none no outcome',
      'sandbox secrets: gives undefined for a hash nobody has',
      'sandbox secrets: never finds a runner by its secret',
      'sandbox secrets: no longer finds a secret at its valid_until',
      'sandbox secrets: finds by the new secret only after a replacement without the old one',
      'sandbox secrets: gives a kept secret the valid_until of the replacement',
      'sandbox secrets: rejects a registration with a secret of another live sandbox with ERR_SECRET_IN_USE',
      'sandbox expiry: lets an ID be registered again at expires_at, not one second before',
    ],
  },
  {
    fault: 'still finds a replaced secret',
    plant: faulty(({ sandboxes }) => {
      const ownerOf = new Map<string, string>()
      return {
        sandboxes: {
          register: async (record, now) => {
            await sandboxes.register(record, now)
            for (const { sha256 } of record.secrets) ownerOf.set(sha256, record.sandbox_id)
          },
          findBySecretHash: async (sha256, now) => {
            const found = await sandboxes.findBySecretHash(sha256, now)
            const owner = await sandboxes.findById(ownerOf.get(sha256) ?? '', now)
            const replaced = owner !== undefined && owner.revision > 1 && !has(owner, sha256)
            return found ?? (replaced ? owner : undefined)
          },
        },
      }
    }),
    found: ['sandbox secrets: finds by the new secret only after a replacement without the old one'],
  },
  {
    fault: 'a replacement does not change a known secret',
    plant: faulty(({ sandboxes }, storage) => ({
      sandboxes: {
        replace: (record, now) => {
          const known = storage.sandboxes.get(record.sandbox_id)?.secrets ?? []
          const secrets = record.secrets.map((it) => known.find(({ sha256 }) => sha256 === it.sha256) ?? it)
          return sandboxes.replace({ ...record, secrets }, now)
        },
      },
    })),
    found: ['sandbox secrets: gives a kept secret the valid_until of the replacement'],
  },
  {
    fault: 'a secret that was ever used stays taken',
    plant: faulty(({ sandboxes }) => {
      const ownerOf = new Map<string, string>()
      const claim = ({ sandbox_id, secrets }: SandboxRecord) => {
        for (const { sha256 } of secrets) {
          const owner = ownerOf.get(sha256) ?? sandbox_id
          if (owner !== sandbox_id)
            throw new IssuerError('ERR_SECRET_IN_USE', 'another one had the same secret')
          ownerOf.set(sha256, sandbox_id)
        }
      }
      return {
        sandboxes: {
          register: async (record, now) => {
            await sandboxes.findById(record.sandbox_id, now)
            claim(record)
            await sandboxes.register(record, now)
          },
          replace: async (record, now) => {
            await sandboxes.findById(record.sandbox_id, now)
            claim(record)
            await sandboxes.replace(record, now)
          },
        },
      }
    }),
    found: [
      'sandbox secrets: frees the secret of an ended sandbox',
      'sandbox secrets: frees a secret that a replacement left out',
      'sandbox secrets: frees a secret for a registration at its valid_until, not one second before',
      'sandbox secrets: frees a secret for a replacement at its valid_until, not one second before',
      'sandbox secrets: leaves a secret to its new owner when who had it before is replaced, with it and without it',
      'sandbox expiry: frees the secret of a sandbox for a registration at its expires_at, not one second before',
      'sandbox expiry: frees the secret of an expired sandbox for a replacement',
    ],
  },
  {
    fault: 'does not look whether a secret is taken',
    plant: faulty(({ sandboxes, runners }, storage) => ({
      sandboxes: {
        register: async (record, now) => {
          await sandboxes.register({ ...record, secrets: [] }, now)
          storage.sandboxes.set(record.sandbox_id, record)
        },
        replace: async (record, now) => {
          await sandboxes.replace({ ...record, secrets: [] }, now)
          storage.sandboxes.set(record.sandbox_id, record)
        },
      },
      runners: {
        register: async (record, now) => {
          await runners.register({ ...record, secrets: [] }, now)
          storage.runners.set(record.runner_id, record)
        },
      },
    })),
    found: [
      'sandbox secrets: rejects a registration with a secret of another live sandbox with ERR_SECRET_IN_USE',
      'sandbox secrets: rejects a replacement with a secret of another live sandbox with ERR_SECRET_IN_USE',
      'sandbox secrets: lets one of 50 concurrent registrations with the same secret win',
      'sandbox secrets: frees a secret for a registration at its valid_until, not one second before',
      'sandbox secrets: frees a secret for a replacement at its valid_until, not one second before',
      'sandbox expiry: frees the secret of a sandbox for a registration at its expires_at, not one second before',
      'runners: rejects a secret of another runner with ERR_SECRET_IN_USE and changes nothing',
      'runners: frees a secret at its valid_until, not one second before',
    ],
  },
  {
    fault: 'writes the record before it finds a secret taken',
    plant: faulty(({ sandboxes, runners }, storage) => ({
      sandboxes: {
        register: async (record, now) => {
          const bare = { ...record, secrets: [] }
          await sandboxes.register(bare, now)
          storage.sandboxes.delete(record.sandbox_id)
          await sandboxes.register(record, now).catch((error: unknown) => {
            storage.sandboxes.set(record.sandbox_id, bare)
            throw error
          })
        },
      },
      runners: {
        register: async (record, now) => {
          const bare = { ...record, secrets: [] }
          await runners.register(bare, now)
          storage.runners.delete(record.runner_id)
          await runners.register(record, now).catch((error: unknown) => {
            storage.runners.set(record.runner_id, bare)
            throw error
          })
        },
      },
    })),
    found: [
      'sandbox secrets: rejects a registration with a secret of another live sandbox with ERR_SECRET_IN_USE',
      'sandbox secrets: lets one of 50 concurrent registrations with the same secret win',
      'sandbox secrets: frees a secret for a registration at its valid_until, not one second before',
      'sandbox expiry: frees the secret of a sandbox for a registration at its expires_at, not one second before',
      'runners: rejects a secret of another runner with ERR_SECRET_IN_USE and changes nothing',
      'runners: frees a secret at its valid_until, not one second before',
    ],
  },
]

function has({ secrets }: Pick<SandboxRecord, 'secrets'>, sha256: string): boolean {
  return secrets.some((secret) => secret.sha256 === sha256)
}
