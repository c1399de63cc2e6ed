import { isIssuerError, type RegistryPage } from '@workload-identity/core'
import { faulty, memoryRegistry, type BrokenRegistry } from './broken-registry.testing.ts'

const everyOperation = [
  'sandboxes.register',
  'sandboxes.registerAll',
  'sandboxes.replace',
  'sandboxes.findById',
  'sandboxes.findBySecretHash',
  'sandboxes.list',
  'sandboxes.list of a runner',
  'sandboxes.end',
  'sandboxes.removeExpired',
  'runners.register',
  'runners.replace',
  'runners.findById',
  'runners.findBySecretHash',
  'runners.list',
  'runners.end',
]
const reads = everyOperation.filter((name) => /find|list/.test(name))
const writes = everyOperation.filter((name) => !reads.includes(name))

const neverHadAnId = 'is rejected with ERR_REGISTRY_LOST when the registry never had an ID'
const hasAnotherId =
  'is rejected with ERR_REGISTRY_LOST when the registry has another ID than the ring records'
const wasWiped = 'is rejected with ERR_REGISTRY_LOST after the storage was wiped'
const gotAnotherId = 'is rejected with ERR_REGISTRY_LOST after the wiped storage got another ID'
const cannotBeReached = 'is rejected with ERR_STORE_UNAVAILABLE when the storage cannot be reached'

function casesOf(operations: readonly string[], sentences: readonly string[]): string[] {
  return operations.flatMap((operation) => sentences.map((sentence) => `${operation}: ${sentence}`))
}

const emptyPage: RegistryPage<never> = { items: [], next: null }

/** The answer of `work`, or `absence` when it failed with one of the codes that mean "cannot tell". */
async function orAbsence<T>(work: Promise<T>, absence: T): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isIssuerError(error, 'ERR_REGISTRY_LOST', 'ERR_STORE_UNAVAILABLE')) return absence
    throw error
  }
}

/** Faults of the registry's identity and of telling lost, unreachable and empty apart. */
export const lossFaults: readonly BrokenRegistry[] = [
  {
    fault: 'a claim overwrites',
    plant: faulty((sound, storage) => ({
      identity: {
        claim: async (candidate) => {
          await sound.identity.read()
          storage.registryId = candidate
          return candidate
        },
      },
    })),
    found: [
      'identity: answers a later claim with the ID in force and keeps it',
      'identity: gives 50 concurrent callers one answer',
    ],
  },
  {
    fault: 'a claim answers the candidate instead of the ID in force',
    plant: faulty((sound) => ({
      identity: {
        claim: async (candidate) => {
          await sound.identity.claim(candidate)
          return candidate
        },
      },
    })),
    found: [
      'identity: answers a later claim with the ID in force and keeps it',
      'identity: gives 50 concurrent callers one answer',
    ],
  },
  {
    fault: 'reading the ID answers absence for failure',
    plant: faulty((sound) => ({ identity: { read: () => orAbsence(sound.identity.read(), undefined) } })),
    found: ['identity: rejects read with ERR_STORE_UNAVAILABLE when the storage cannot be read'],
  },
  {
    fault: 'claiming swallows failure',
    plant: faulty((sound) => ({
      identity: { claim: (candidate) => orAbsence(sound.identity.claim(candidate), candidate) },
    })),
    found: ['identity: rejects claim with ERR_STORE_UNAVAILABLE when the storage cannot be reached'],
  },
  {
    fault: 'an ID is read where none is',
    plant: faulty((sound) => ({ identity: { read: async () => (await sound.identity.read()) ?? '' } })),
    found: [
      'identity: gives undefined for a registry that never had an ID',
      'identity: gives undefined after the storage was wiped, and takes a new ID then',
    ],
  },
  {
    fault: 'every handle has an ID of its own',
    plant: faulty((sound, storage) => {
      let own: string | undefined
      return {
        identity: {
          read: async () => {
            const stored = await sound.identity.read()
            return stored === undefined ? undefined : own
          },
          claim: async (candidate) => {
            const stored = await sound.identity.read()
            if (stored === undefined) own = undefined
            storage.registryId ??= candidate
            return (own ??= candidate)
          },
        },
      }
    }),
    found: [
      'identity: gives the first candidate as the ID in force, here and through every other handle',
      'identity: answers a later claim with the ID in force and keeps it',
      'identity: gives 50 concurrent callers one answer',
    ],
  },
  {
    fault: 'calls a storage empty that has no live sandbox',
    plant: faulty((_, storage) => ({
      identity: {
        isEmpty: async () => ![...storage.sandboxes.values()].some((it) => it.expires_at === undefined),
      },
    })),
    found: [
      'identity: does not call a storage empty that holds an expired sandbox, until it is removed',
      'identity: does not call a storage empty that holds a runner',
      'identity: rejects isEmpty with ERR_STORE_UNAVAILABLE when the storage cannot be read',
    ],
  },
  {
    fault: 'calls a storage empty that is not the expected registry',
    plant: faulty(({ identity }, storage, registryId) => ({
      identity: { isEmpty: async () => storage.registryId !== registryId() || identity.isEmpty() },
    })),
    found: [
      'identity: does not call a storage empty that holds a sandbox, whatever registry is expected',
      'identity: rejects isEmpty with ERR_STORE_UNAVAILABLE when the storage cannot be read',
    ],
  },
  {
    fault: 'never calls a storage empty',
    plant: faulty(({ identity }) => ({
      identity: { isEmpty: async () => (await identity.isEmpty()) && false },
    })),
    found: [
      'identity: calls a storage empty that never had a record, before and after it got its ID',
      'identity: does not call a storage empty that holds an expired sandbox, until it is removed',
      'identity: calls a storage empty after it was wiped',
    ],
  },
  {
    fault: 'a lost registry is taken for an empty one',
    plant: (storage) => memoryRegistry(storage, () => storage.registryId as string),
    found: casesOf(everyOperation, [neverHadAnId, hasAnotherId, wasWiped, gotAnotherId]),
  },
  {
    fault: 'a registry without an ID is taken for the right one',
    plant: (storage, registryId) =>
      memoryRegistry(storage, () => (storage.registryId === undefined ? (undefined as never) : registryId())),
    found: casesOf(everyOperation, [neverHadAnId, wasWiped]),
  },
  {
    fault: 'reads answer absence for failure',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        findById: (id, now) => orAbsence(sandboxes.findById(id, now), undefined),
        findBySecretHash: (sha256, now) => orAbsence(sandboxes.findBySecretHash(sha256, now), undefined),
        list: (query, now) => orAbsence(sandboxes.list(query, now), emptyPage),
      },
      runners: {
        findById: (id, now) => orAbsence(runners.findById(id, now), undefined),
        findBySecretHash: (sha256, now) => orAbsence(runners.findBySecretHash(sha256, now), undefined),
        list: (query, now) => orAbsence(runners.list(query, now), emptyPage),
      },
    })),
    found: casesOf(reads, [neverHadAnId, hasAnotherId, wasWiped, gotAnotherId, cannotBeReached]),
  },
  {
    fault: 'writes swallow failure',
    plant: faulty(({ sandboxes, runners }) => ({
      sandboxes: {
        register: (record, now) => orAbsence(sandboxes.register(record, now), undefined),
        registerAll: async (records, now) => {
          const outcomes = await sandboxes.registerAll(records, now)
          const isFailure = (error: unknown) =>
            isIssuerError(error, 'ERR_REGISTRY_LOST', 'ERR_STORE_UNAVAILABLE')
          return outcomes.map((outcome) => (isFailure(outcome) ? undefined : outcome))
        },
        replace: (record, now) => orAbsence(sandboxes.replace(record, now), undefined),
        end: (id, now) => orAbsence(sandboxes.end(id, now), false),
        removeExpired: (now, limit) => orAbsence(sandboxes.removeExpired(now, limit), 0),
      },
      runners: {
        register: (record, now) => orAbsence(runners.register(record, now), undefined),
        replace: (record, now) => orAbsence(runners.replace(record, now), undefined),
        end: (id, now) => orAbsence(runners.end(id, now), false),
      },
    })),
    found: casesOf(writes, [neverHadAnId, hasAnotherId, wasWiped, gotAnotherId, cannotBeReached]),
  },
]
