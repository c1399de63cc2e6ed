import { IssuerError } from '@workload-identity/core'
import { faulty, type BrokenRegistry } from './broken-registry.testing.ts'

const registers = 'sandboxes: registers a batch, each to be found by ID and secret'
const refusesEach = 'sandboxes: refuses members of a batch each for itself and registers the others'
const replacesExpired = 'sandboxes: lets a batch replace expired ones and give a batch of none no outcome'

/** Faults of registering many at once. */
export const batchFaults: readonly BrokenRegistry[] = [
  {
    fault: 'a batch registers the first hundred only',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        registerAll: async (records, now) => {
          await sandboxes.registerAll(records.slice(0, 100), now)
          return records.map(() => undefined)
        },
      },
    })),
    found: [
      'sandboxes.registerAll: is rejected with ERR_REGISTRY_LOST when the registry never had an ID',
      'sandboxes.registerAll: is rejected with ERR_REGISTRY_LOST when the registry has another ID than the ring records',
      'sandboxes.registerAll: is rejected with ERR_REGISTRY_LOST after the storage was wiped',
      'sandboxes.registerAll: is rejected with ERR_REGISTRY_LOST after the wiped storage got another ID',
      'sandboxes.registerAll: is rejected with ERR_STORE_UNAVAILABLE when the storage cannot be reached',
      registers,
      refusesEach,
    ],
  },
  {
    fault: 'a batch fails as a whole when one of it is refused',
    plant: faulty(({ sandboxes }) => ({
      sandboxes: {
        registerAll: async (records, now) => {
          const outcomes = await sandboxes.registerAll(records, now)
          const refused = outcomes.find((outcome) => outcome !== undefined)
          if (refused !== undefined) throw refused
          return outcomes
        },
      },
    })),
    found: [refusesEach],
  },
  {
    fault: 'a batch refuses IDs that are expired',
    plant: faulty(({ sandboxes }, storage) => ({
      sandboxes: {
        registerAll: async (records, now) => {
          const outcomes = await sandboxes.registerAll(
            records.filter(({ sandbox_id }) => !storage.sandboxes.has(sandbox_id)),
            now,
          )
          if (outcomes.length === records.length) return outcomes
          return [new IssuerError('ERR_SANDBOX_EXISTS', 'is already registered')]
        },
      },
    })),
    found: [refusesEach, replacesExpired],
  },
]
